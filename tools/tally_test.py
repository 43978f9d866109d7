#!/usr/bin/env python3
"""The tally counts every case once and says of each failure what it was."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

TALLY = pathlib.Path(__file__).with_name("tally.py")

GOOGLETEST = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="4" failures="1" disabled="1" errors="0" name="AllTests">
  <testsuite name="crowd" tests="4" failures="1" disabled="1">
    <testcase name="small" status="run" result="completed" classname="crowd"/>
    <testcase name="skipped" status="run" result="skipped" classname="crowd">
      <skipped message="why"/></testcase>
    <testcase name="off" status="notrun" result="suppressed" classname="crowd"/>
    <testcase name="large/thread_pool" status="run" result="completed" classname="every/crowd">
      <failure message="a_test.cpp:88&#x0A;Expected: (members) &lt;= (8u), actual: 14 vs 8"
        type=""><![CDATA[a_test.cpp:88]]></failure>
      <failure message="a_test.cpp:90&#x0A;Expected: more" type=""/>
    </testcase>
  </testsuite>
</testsuites>
"""

CRASH = """Running main()
[ RUN      ] crowd.small
[       OK ] crowd.small (1 ms)
[ RUN      ] crowd.large
WARNING: ThreadSanitizer: data race (pid=1)
CHECK failed in a.cpp:3: a client twice
"""


def ctest(*tests):
    rows = ""
    for name, status, output in tests:
        failure = '<failure message=""/>' if status == "fail" else ""  # as ctest writes it
        rows += (f'<testcase name="{name}" classname="{name}" status="{status}" time="600.4">'
                 f"{failure}<system-out>{output}</system-out></testcase>")
    return f'<?xml version="1.0"?><testsuite name="all">{rows}</testsuite>'


class Tally(unittest.TestCase):
    def tally(self, **files):
        with tempfile.TemporaryDirectory() as name:
            for file, text in files.items():
                (pathlib.Path(name) / f"{file}.xml").write_text(text)
            done = subprocess.run([sys.executable, TALLY, name], capture_output=True, text=True)
            self.assertEqual(done.stderr, "")
            return done.stdout.splitlines()

    def test_programs_without_a_report_count_as_one(self):
        text = ctest(("style", "run", "fine"), ("rooms", "run", "fine"))
        self.assertEqual(self.tally(ctest=text), ["2 0"])

    # A run ended with "1 failed" alone; which of 242 cases it was had been cut from the log.
    def test_a_failed_case_is_named_with_its_first_message(self):
        text = ctest(("os", "run", ""), ("serve", "fail", "much"))
        good = GOOGLETEST.replace("failure", "note").replace('notes="1"', 'failures="0"')
        self.assertEqual(self.tally(ctest=text, os_test=good, serve_test=GOOGLETEST), [
            "failed: every/crowd.large/thread_pool: "
            "a_test.cpp:88 Expected: (members) <= (8u), actual: 14 vs 8",
            "5 1"])

    def test_a_program_that_crashed_or_hung_is_named_with_its_last_words(self):
        lines = self.tally(ctest=ctest(("os", "run", ""), ("serve", "fail", CRASH)))
        where = "failed after 600 s in crowd.large"
        self.assertEqual(lines[0], f"failed: serve: {where}; its last lines:")
        self.assertEqual(lines[-2:], ["    CHECK failed in a.cpp:3: a client twice", "1 1"])
        self.assertEqual(sum("data race" in line for line in lines), 1)

    # All cases may hold and the program fail: what a sanitizer found is told at its end.
    def test_a_program_that_fails_with_all_cases_good_is_a_failure(self):
        report = '<testsuites tests="2" failures="0" disabled="0"/>'
        output = "WARNING: ThreadSanitizer: data race (pid=1)\n" + "[       OK ] a.b\n" * 50
        lines = self.tally(ctest=ctest(("io", "fail", output)), io_test=report)
        self.assertEqual(lines[0], "failed: io: failed after 600 s; its last lines:")
        self.assertIn("    WARNING: ThreadSanitizer: data race (pid=1)", lines)
        self.assertEqual(lines[-1], "2 1")

    def test_a_long_message_is_cut(self):
        long = GOOGLETEST.replace("(members)", "(" + "m" * 5000 + ")")
        lines = self.tally(ctest=ctest(("serve", "fail", "")), serve_test=long)
        self.assertLess(len(lines[0]), 400)
        self.assertTrue(lines[0].endswith(" ..."))


if __name__ == "__main__":
    unittest.main()
