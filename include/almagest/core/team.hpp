// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <concepts>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "almagest/core/config.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"

namespace almagest::inline ALMAGEST_ABI::detail {

/// Threads that stay, for work of microseconds again and again; `in_parallel` is for work of seconds.
///
/// A team serves one caller at a time: whoever finds it busy does the work alone.
/// (A template so that including it costs next to nothing.)
template <std::same_as<std::thread> Thread>
class TeamOf {
 public:
  /// \throws InvalidArgument where the system gives fewer threads.
  explicit TeamOf(unsigned threads);
  TeamOf(const TeamOf&) = delete;
  TeamOf& operator=(const TeamOf&) = delete;
  ~TeamOf() { dismiss(); }

  /// The calling thread among them.
  unsigned size() const { return unsigned(helpers_.size()) + 1; }

  /// Does `work(item, worker)` for all items below `count`. Workers count from 0, which is the calling
  /// thread. What an item throws, one of them, is thrown when all threads have stopped; items that had not
  /// begun are left undone.
  template <typename Work>
  void run(std::size_t count, const Work& work) {
    const std::unique_lock turn(busy_, std::try_to_lock);
    if (!turn || helpers_.empty() || count < 2) {
      for (std::size_t item = 0; item < count; ++item) work(item, 0U);
      return;
    }
    work_ = &work;
    item_ = [](const void* given, std::size_t item, unsigned worker) {
      (*static_cast<const Work*>(given))(item, worker);
    };
    count_ = count;
    next_ = 0;
    {
      const std::lock_guard lock(guard_);
      working_ = unsigned(helpers_.size());
      ++calls_;
    }
    called_.notify_all();
    take_items(0);
    wait();
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

 private:
  // Looks that often before it sleeps, some microseconds: the next call of a step comes soon. Not
  // std::atomic::wait, whose waiters a program and a shared library keep in two lists.
  static constexpr int patience = 4096;

  void wait() {
    for (int tries = 0; tries < patience; ++tries)
      if (working_ == 0) return;
    std::unique_lock lock(guard_);
    done_.wait(lock, [&] { return working_ == 0; });
  }
  void dismiss();
  void serve(unsigned worker);
  void take_items(unsigned worker);

  std::mutex busy_, guard_;
  std::condition_variable called_, done_;
  const void* work_ = nullptr;
  void (*item_)(const void*, std::size_t, unsigned) = nullptr;
  std::size_t count_ = 0;
  std::atomic<std::size_t> next_{0};
  std::atomic<unsigned> calls_{0}, working_{0};
  bool leave_ = false;
  std::exception_ptr failure_;
  std::vector<Thread> helpers_;
};

template <std::same_as<std::thread> Thread>
TeamOf<Thread>::TeamOf(unsigned threads) {
  try {
    for (unsigned k = 1; k < threads; ++k) helpers_.emplace_back([this, k] { serve(k); });
  } catch (const std::system_error&) {
    const unsigned given = size();
    dismiss();
    throw InvalidArgument(text("threads is ", threads, ", but the system gives no more than ", given, "; give fewer."));
  }
}

template <std::same_as<std::thread> Thread>
void TeamOf<Thread>::dismiss() {
  {
    const std::lock_guard lock(guard_);
    leave_ = true;
  }
  called_.notify_all();
  for (auto& helper : helpers_) helper.join();
}

template <std::same_as<std::thread> Thread>
void TeamOf<Thread>::serve(unsigned worker) {
  for (unsigned heard = 0;;) {
    for (int tries = 0; calls_ == heard && tries < patience; ++tries) {
    }
    {
      std::unique_lock lock(guard_);
      called_.wait(lock, [&] { return calls_ != heard || leave_; });
      if (leave_) return;
      heard = calls_;
    }
    take_items(worker);
    const std::lock_guard lock(guard_);
    if (--working_ == 0) done_.notify_one();
  }
}

template <std::same_as<std::thread> Thread>
void TeamOf<Thread>::take_items(unsigned worker) {
  try {
    for (std::size_t item; (item = next_++) < count_;) item_(work_, item, worker);
  } catch (...) {
    next_ = count_;
    const std::lock_guard lock(guard_);
    failure_ = std::current_exception();
  }
}

using Team = TeamOf<std::thread>;

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT TeamOf<std::thread>;
#endif

/// A team of that many; none where one thread is enough.
template <std::same_as<Team> T = Team>
std::shared_ptr<T> team_of(unsigned threads) {
  return threads > 1 ? std::make_shared<T>(threads) : nullptr;
}

/// Does `work(item, worker)` for all items, by the team where there is one.
template <typename Work>
void share_items(Team* team, std::size_t count, const Work& work) {
  if (team) return team->run(count, work);
  for (std::size_t item = 0; item < count; ++item) work(item, 0U);
}

/// Does `work(first, last)` for pieces of the indices below `count`, by the team where there is one.
template <typename Index, typename Work>
void share_range(Team* team, Index count, const Work& work) {
  if (!team) return work(Index(0), count);
  const Index pieces = 4 * Index(team->size());
  team->run(std::size_t(pieces), [&](std::size_t piece, unsigned) {
    work(count * Index(piece) / pieces, count * (Index(piece) + 1) / pieces);
  });
}

}  // namespace almagest::inline ALMAGEST_ABI::detail
