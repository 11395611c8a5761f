// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <type_traits>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/files.hpp"
#include "almagest/core/spatial_grid.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/time_grid.hpp"
#include "almagest/fft/wisdom.hpp"
#include "almagest/spectral/evolution.hpp"
#include "almagest/spectral/ledger.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// A file from which a run goes on that was ended: by a crash, an interrupt, a machine that was needed.
///
/// A run whose file exists goes on from it, and has the same bits as one that was never ended; else it
/// begins. The file is written at the first sample after every `seconds`, at the end, and when the run is
/// cancelled; to a temporary name and renamed, so that at any moment it is whole. It stays after the end: a
/// run of the same start and of more times continues it, and who wants to begin anew removes it.
struct Checkpoint {
  std::string file;     ///< none where empty
  double seconds = 60;  ///< of wall time between two
};

namespace detail {

/// A sum of bytes that tells one content from another; not against malice. FNV-1a, eight bytes at a time.
class Fingerprint {
 public:
  void add(const void* bytes, std::size_t count) {
    const auto* at = static_cast<const unsigned char*>(bytes);
    for (; count >= 8; count -= 8, at += 8) {
      std::uint64_t word;
      std::memcpy(&word, at, 8);
      mix(word);
    }
    for (; count > 0; --count) mix(*at++);
  }
  std::uint64_t value() const { return hash_; }

 private:
  void mix(std::uint64_t word) {
    hash_ = (hash_ ^ word) * 0x100000001b3;
    hash_ ^= hash_ >> 32;
  }
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

/// What a checkpoint says, written to a file and read from one by the same function: `pass(bytes, count)`
/// copies one way or the other.
template <typename Pass>
class Passage {
 public:
  /// `room`: bytes that are left, or that may be written.
  explicit Passage(Pass pass, const std::uint64_t& room) : pass_(std::move(pass)), room_(room) {}

  void bytes(void* at, std::size_t count) {
    pass_(at, count);
    sum_.add(at, count);
  }
  template <typename Number>
    requires std::is_arithmetic_v<Number>
  void operator()(Number& number) {
    bytes(&number, sizeof number);
  }
  template <typename Entry>
    requires std::is_trivially_copyable_v<Entry>
  void operator()(std::vector<Entry>& entries) {
    const std::uint64_t count = counted(entries.size(), sizeof(Entry));
    entries.resize(count);
    bytes(entries.data(), count * sizeof(Entry));
  }
  void operator()(std::string& text) {
    const std::uint64_t count = counted(text.size(), 1);
    text.resize(count);
    bytes(text.data(), count);
  }
  void operator()(std::vector<std::string>& texts) {
    const std::uint64_t count = counted(texts.size(), 1);
    texts.resize(count);
    for (std::string& text : texts) (*this)(text);
  }
  template <typename Derived>
  void operator()(Eigen::PlainObjectBase<Derived>& values) {
    const auto rows = counted(std::uint64_t(values.rows()), 0);
    const auto columns = counted(std::uint64_t(values.cols()), rows * sizeof(typename Derived::Scalar));
    values.resize(Eigen::Index(rows), Eigen::Index(columns));
    bytes(values.data(), std::size_t(values.size()) * sizeof(typename Derived::Scalar));
  }
  std::uint64_t sum() const { return sum_.value(); }

 private:
  /// A count, before memory is taken for what it counts.
  std::uint64_t counted(std::uint64_t count, std::uint64_t size) {
    (*this)(count);
    if (count > (size > 0 ? room_ / size : room_)) throw std::length_error("more than the file holds");
    return count;
  }
  Pass pass_;
  const std::uint64_t& room_;
  Fingerprint sum_;
};

/// The checkpoints of one run.
template <typename Value>
class CheckpointFile {
 public:
  /// Reads the file where there is one, also how its transforms were planned: before any are planned here.
  CheckpointFile(const Checkpoint& options, bool streamed) : path_(options.file) {
    mine_.streamed = streamed;
    struct stat facts {};
    if (stat(path_.c_str(), &facts) != 0) return;
    read();
    const std::lock_guard lock(fftw_planner());
    fft::detail::Fftw<double>::import_wisdom(found_.wisdom.c_str());
  }

  /// Compares the run with the file: the grid, the initial field, the times so far, and what a first step from
  /// that field gives, which tells equations, parameters, steppers and builds apart.
  void attach(Evolution<Value>& run, const SpatialGrid& grid, const Eigen::VectorX<Value>& u0, const TimeGrid& times) {
    run_ = &run;
    for (const auto& axis : grid.axes())
      mine_.axes.insert(mine_.axes.end(), {double(axis.count), axis.length, axis.lower});
    mine_.u0 = u0;
    mine_.probe = probe(times);
    if (present() > 0) compare(times);
  }

  /// Samples that an earlier run left.
  Eigen::Index present() const { return found_.times.size(); }

  /// Puts the run, its samples (where they are not streamed) and its ledger where the earlier one was.
  void resume(Eigen::MatrixX<Value>* states, Ledger& ledger) {
    if (states) states->leftCols(present()) = found_.states;
    ledger = std::move(found_.ledger);
    std::size_t at = 0;
    run_->memory([&](void* to, std::size_t count) {
      std::memcpy(to, found_.memory.data() + at, count);
      at += count;
    });
    run_->restored();
    found_.states.resize(0, 0);
  }

  /// Notes the run as it is: after a sample.
  void note(const Ledger& ledger) {
    mine_.memory.clear();
    run_->memory([&](void* from, std::size_t count) {
      const auto* bytes = static_cast<const char*>(from);
      mine_.memory.insert(mine_.memory.end(), bytes, bytes + count);
    });
    steps_ = ledger.steps;
    step_seconds_ = ledger.step_seconds;
  }

  /// Writes what was noted last, with the samples and times up to there.
  void save(const Eigen::Ref<const Eigen::MatrixX<Value>>& states, const Eigen::Ref<const Eigen::VectorXd>& times,
            const Ledger& ledger) {
    mine_.times = times;
    mine_.ledger = ledger;
    mine_.ledger.values = ledger.values.leftCols(times.size());
    mine_.ledger.steps = steps_;
    mine_.ledger.step_seconds = step_seconds_;
    {
      const std::lock_guard lock(fftw_planner());
      mine_.wisdom = fft::detail::exported_wisdom<double>();
    }
    if (!mine_.streamed) mine_.states = states;
    files::AtomicFile file(path_);
    const std::uint64_t room = -1;
    Passage passage([&file](void* bytes, std::size_t count) { file.write(bytes, count); }, room);
    std::string mark = magic;
    passage.bytes(mark.data(), mark.size());
    mine_.pass(passage);
    std::uint64_t sum = passage.sum();
    file.write(&sum, sizeof sum);
    file.commit();
    mine_.states.resize(0, 0);
  }

 private:
  static constexpr const char* magic =
      std::is_same_v<Value, double> ? "almagest checkpoint 2, real\n" : "almagest checkpoint 2, complex\n";

  struct Content {
    bool streamed = false;
    std::vector<double> axes;
    Eigen::VectorX<Value> u0;
    std::uint64_t probe = 0;
    Eigen::VectorXd times;
    Eigen::MatrixX<Value> states;
    Ledger ledger;
    std::vector<char> memory;
    std::string wisdom;  // transforms planned otherwise round otherwise

    template <typename P>
    void pass(P& p) {
      p(streamed), p(axes), p(u0), p(probe), p(times), p(states), p(memory), p(wisdom);
      p(ledger.quantities), p(ledger.invariants), p(ledger.values), p(ledger.sizes), p(ledger.steps);
      p(ledger.transforms), p(ledger.step_seconds), p(ledger.warnings), p(ledger.stopped);
    }
  };

  [[noreturn]] void refuse(const std::string& reason) const {
    throw InvalidArgument(almagest::detail::text("spectral::solve: the checkpoint \"", path_, "\" is of another run: ",
                                                 reason, "; remove it to begin anew, or name another file."));
  }
  [[noreturn]] void damaged() const {
    throw IoError(almagest::detail::text("spectral::solve: \"", path_,
                                         "\" is no checkpoint of this version, or a damaged one; remove it to begin anew."));
  }

  std::uint64_t probe(const TimeGrid& times) {
    run_->load(mine_.u0.data());
    if (times.size() > 1) run_->advance(run_->step_of(times[1] - times[0]));
    Fingerprint sum;
    run_->memory([&](void* from, std::size_t count) { sum.add(from, count); });
    run_->load(mine_.u0.data());
    return sum.value();
  }

  void read() {
    std::size_t size = 0;
    const files::FileHandle file = files::open_file(path_, size);
    std::uint64_t left = size;
    Passage passage(
        [&](void* bytes, std::size_t count) {
          if (count > left) damaged();
          left -= count;
          files::read_bytes(file.get(), path_, bytes, count);
        },
        left);
    std::string mark(std::strlen(magic), ' ');
    passage.bytes(mark.data(), mark.size());
    if (mark != magic) damaged();
    try {
      found_.pass(passage);
    } catch (const std::length_error&) {
      damaged();
    }
    std::uint64_t sum = 0;
    if (left != sizeof sum) damaged();
    files::read_bytes(file.get(), path_, &sum, sizeof sum);
    if (sum != passage.sum()) damaged();
  }

  void compare(const TimeGrid& times) const {
    using almagest::detail::text;
    if (found_.streamed != mine_.streamed)
      refuse(found_.streamed ? "its samples went to a file, not into memory"
                             : "its samples are in memory, not in a file");
    if (found_.axes != mine_.axes) refuse("its grid has other axes");
    if (found_.u0.size() != mine_.u0.size() || found_.u0 != mine_.u0) refuse("its initial field differs");
    if (found_.probe != mine_.probe)
      refuse(
          "a first step gives other bits, so the equation, its parameters, the stepper or the build of the program "
          "differ");
    if (found_.times.size() > times.size())
      refuse(text("it has ", found_.times.size(), " samples already, but ", times.size(), " times are asked for"));
    for (Eigen::Index i = 0; i < found_.times.size(); ++i)
      if (found_.times[i] != times[i])
        refuse(text("its sample ", i, " is at t = ", found_.times[i], ", not at ", times[i]));
  }

  std::string path_;
  Evolution<Value>* run_ = nullptr;
  long long steps_ = 0;
  double step_seconds_ = 0;
  Content mine_, found_;
};

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::spectral
