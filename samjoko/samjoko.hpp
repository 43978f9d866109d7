#pragma once
// Charter: everything a service is written with, in one include.

#include <samjoko/cli/run.hpp>
#include <samjoko/hub/link.hpp>
#include <samjoko/net/child.hpp>
#include <samjoko/net/connect.hpp>
#include <samjoko/net/connection.hpp>
#include <samjoko/net/signals.hpp>
#include <samjoko/service/handler.hpp>
#include <samjoko/task/channel.hpp>
#include <samjoko/task/scope.hpp>
#include <samjoko/task/task.hpp>
