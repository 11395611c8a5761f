// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/progress.hpp"
#include "almagest/core/text.hpp"

namespace almagest::inline ALMAGEST_ABI::detail {

/// Does `work(item, worker)` for all items on several threads; each item is done by one of them, whichever
/// is free, so the result must not depend on the worker. Workers count from 0, which is the calling thread;
/// it alone reports progress. The first error ends the work and is thrown here.
///
/// \throws InvalidArgument where the system gives fewer threads.
template <typename Work>
void in_parallel(std::size_t count, unsigned threads, const Progress& progress, const char* what, const Work& work) {
  std::atomic<std::size_t> next{0}, done{0};
  std::atomic<bool> stop{false};
  std::exception_ptr error;
  std::mutex guard;
  double told = 0;
  const auto tell = [&](double fraction) {
    if (fraction > told) report(progress, fraction, what);
    told = fraction;
  };
  const auto loop = [&](unsigned worker) {
    try {
      for (std::size_t item; !stop && (item = next++) < count;) {
        work(item, worker);
        ++done;
        if (worker == 0) tell(double(done) / double(count));
      }
    } catch (...) {
      stop = true;
      const std::lock_guard lock(guard);
      if (!error) error = std::current_exception();
    }
  };
  std::vector<std::thread> helpers;
  const auto join = [&] {
    for (auto& helper : helpers) helper.join();
  };
  try {
    for (unsigned k = 1; k < threads && k < count; ++k) helpers.emplace_back(loop, k);
  } catch (const std::system_error&) {
    stop = true;
    join();
    throw InvalidArgument(text(what, ": threads is ", threads, ", but the system gives no more than ",
                               helpers.size() + 1, "; give fewer."));
  }
  loop(0);
  join();
  if (error) std::rethrow_exception(error);
  tell(1);  // the calling thread may have found no item left
}

}  // namespace almagest::inline ALMAGEST_ABI::detail
