"""The tables, as Markdown."""
import statistics


def _table(out, head, rows):
    aligned = ["---" if number == 0 else "--:" for number in range(len(head))]
    for row in [head, aligned, *rows]:
        out("| " + " | ".join(str(cell) for cell in row) + " |")
    out("")


def _middle(values):
    """The median, and between which values the middle half lies."""
    ordered = sorted(values)
    low, high = ordered[len(ordered) // 4], ordered[-1 - len(ordered) // 4]
    return f"{statistics.median(ordered):.2f} ({low:.2f} to {high:.2f})"


def speed(results, out):
    measured = [each for each in results if each.rounds]
    for workload in dict.fromkeys(each.workload for each in measured):
        out(f"### {workload.name}: {workload.title}\n")
        rows = []
        for each in (found for found in measured if found.workload is workload):
            goal = workload.goals[each.model]
            ratio = each.ratio()
            others = max(run.others for runs in each.rounds for run in runs.values())
            rows.append([each.model.name, f"{statistics.median(each.costs('bare')):,.0f}",
                         f"{statistics.median(each.costs('ours')):,.0f}",
                         f"{each.difference():+,.0f}", _middle(each.ratios("ours")),
                         _middle(each.ratios("copy")), f"**{ratio:.3f}**",
                         f"{goal:.2f}" + ("" if ratio <= goal else " missed"), len(each.rounds),
                         each.errors(), f"{others:.0%}"])
        _table(out, ["model", "bare, ns", "ours, ns", "difference, ns", "ours / bare",
                     "copy / bare", "cleared ratio", "goal", "rounds", "errors", "others at most"],
               rows)
    for each in results:
        if each.failure:
            out(f"Not measured: {each.workload.name} {each.model.name}: {each.failure}\n")


def held(results, sizes, out):
    if not results:
        return
    out("### W6: user memory of an idle client\n")
    rows = []
    for each in results:
        met = each.who == "bare" or each.bytes_each <= each.case.goal
        goal = f"{each.case.goal:,}" + ("" if met else " missed") if each.who == "ours" else ""
        rows.append([f"{each.case.service}, {each.case.model.name}", each.who, each.case.clients,
                     f"{each.bytes_each:,.0f}", goal, f"{each.base // 1024:,}",
                     f"{each.whole:,.0f}", each.processes, each.lost])
    _table(out, ["service, model", "program", "clients", "bytes each", "goal", "before, KiB",
                 "all by clients", "processes", "lost"], rows)
    for each in results:
        if each.parts:
            out(f"Heap blocks of one idle client, {each.case.service}, multiplex:\n")
            _table(out, ["usable bytes", "for each client", "with 8 bytes of the allocator"],
                   [[size, f"{times:.2f}", f"{(size + 8) * times:.0f}"]
                    for size, times in each.parts])
    if sizes:
        out("Sizes of the parts:\n")
        _table(out, ["part", "bytes"], sizes)


def forking(found, out):
    if not found:
        return
    out("### What a fork copies\n")
    _table(out, ["the forking process", "mappings", "private dirty at first, KiB",
                 "after many clients, KiB", "a connection, ns"],
           [[each.who, each.mappings, each.fresh_dirty // 1024, each.used_dirty // 1024,
             f"{each.fork_cost:,.0f}"]
            for each in found])


def allocations(results, out):
    if not results:
        return
    out("### Allocations in steady state\n")
    rows = []
    for each in results:
        what = each.service + (", in pieces" if each.pieces else "")
        rows.append([f"{what}, {each.model.name}"] + (
            [each.failure, "", "", ""] if each.failure else
            [f"{each.requests:,}", f"**{each.allocations}**", each.bytes, each.errors]))
    _table(out, ["service, model", "requests", "allocations", "bytes", "errors"], rows)
    for each in results:
        for times, size, callers in each.offenders:
            out(f"- {each.service} {each.model.name}: {times} of {size} bytes: " +
                " < ".join(f"`{name}`" for name in callers))
