// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <type_traits>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/files.hpp"
#include "almagest/core/random.hpp"
#include "almagest/core/text.hpp"
#include "almagest/neural/objective.hpp"

namespace almagest::inline ALMAGEST_ABI::neural::detail {

/// All that a training is at the end of an epoch.
template <typename Scalar>
struct Progressed {
  std::int64_t epoch = 0;  ///< epochs that are done
  Eigen::VectorX<Scalar> parameters, best, mean, square;
  std::int64_t count = 0;  ///< steps of the optimizer
  double damping = 0;      ///< of Levenberg and Marquardt
  RandomStream random{0};
  std::vector<std::uint64_t> order;
  double least = std::numeric_limits<double>::infinity();
  std::int64_t since = 0;  ///< epochs without a better validation
  std::vector<EpochRecord> history;
  std::vector<double> memory;  ///< of the objective
};

/// A sum of bytes that tells one content from another (FNV-1a); not against malice.
inline std::uint64_t fingerprint(std::string_view bytes, std::uint64_t hash = 0xcbf29ce484222325) {
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  return hash;
}

/// What a checkpoint belongs to, "name = value", a line each.
inline std::string identity(const Training& options, const std::string& of_objective, const char* scalar) {
  using almagest::detail::text;
  // A training at one rate may be prolonged; schedules know the end.
  const bool open = options.schedule != Schedule::cosine && options.warmup == 0 && options.curriculum == 0 &&
                    options.forcing == options.forcing_end;
  return of_objective + text("precision = ", scalar, "\noptimizer = ", int(options.optimizer),
                             "\nepochs = ", open ? text("open") : text(options.epochs), "\nbatch = ", options.batch,
                             "\nrate = ", options.rate, "\nschedule = ", int(options.schedule),
                             "\ndecay = ", options.decay, "\ndecay_epochs = ", options.decay_epochs,
                             "\nweight_decay = ", options.weight_decay, "\nwarmup = ", options.warmup,
                             "\nclip = ", options.clip, "\nrollout = ", options.rollout,
                             "\ncurriculum = ", options.curriculum, "\nforcing = ", options.forcing,
                             "\nforcing_end = ", options.forcing_end, "\ninput_noise = ", options.input_noise,
                             "\nseed = ", options.seed, '\n');
}

/// The same function writes and reads: `pass(bytes, count)` copies one way or the other.
template <typename Scalar, typename Pass>
void tell(Progressed<Scalar>& state, const Pass& pass) {
  static_assert(std::is_trivially_copyable_v<RandomStream> && std::is_trivially_copyable_v<EpochRecord>);
  const auto array = [&](auto& entries) {
    std::uint64_t size = std::uint64_t(entries.size());
    pass(&size, sizeof size);
    entries.resize(decltype(entries.size())(size));
    pass(entries.data(), std::size_t(size) * sizeof(*entries.data()));
  };
  pass(&state.epoch, sizeof state.epoch);
  array(state.parameters);
  array(state.best);
  array(state.mean);
  array(state.square);
  pass(&state.count, sizeof state.count);
  pass(&state.damping, sizeof state.damping);
  pass(&state.random, sizeof state.random);
  array(state.order);
  pass(&state.least, sizeof state.least);
  pass(&state.since, sizeof state.since);
  array(state.history);
  array(state.memory);
}

inline constexpr std::string_view checkpoint_magic = "almagest training 2\n";

/// Replaces the file as a whole: magic, identity, state, and the fingerprint of all of them.
template <typename Scalar>
void write_checkpoint(const std::string& path, const std::string& identity, Progressed<Scalar> state) {
  std::string bytes(checkpoint_magic);
  const std::uint64_t size = identity.size();
  bytes.append(reinterpret_cast<const char*>(&size), sizeof size);
  bytes += identity;
  tell(state, [&](const void* from, std::size_t count) {
    if (count > 0) bytes.append(static_cast<const char*>(from), count);
  });
  const std::uint64_t sum = fingerprint(bytes);
  bytes.append(reinterpret_cast<const char*>(&sum), sizeof sum);
  files::write_file(path, bytes);
}

/// The first line in which two identities differ, as a sentence.
[[noreturn]] inline void refuse_identity(const std::string& path, std::string_view written, std::string_view asked) {
  const auto line = [](std::string_view& rest) {
    const std::string_view first = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), first.size() + 1));
    return first;
  };
  std::string_view was, is;
  do was = line(written), is = line(asked);
  while (was == is && !(written.empty() && asked.empty()));
  throw InvalidArgument(almagest::detail::text(
      "Training: the checkpoint \"", path, "\" is of a training with ", was, ", but this one has ", is,
      "; give it the same network, data and options, or another file."));
}

/// Reads a checkpoint where there is one; whether there is.
template <typename Scalar>
bool read_checkpoint(const std::string& path, const std::string& identity, Progressed<Scalar>& state) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0) return false;
  const std::string bytes = files::read_file(path);
  const auto damaged = [&] {
    throw IoError(almagest::detail::text(
        "Training: \"", path, "\" is no checkpoint of a training, or a damaged one; remove it to begin anew."));
  };
  std::size_t at = checkpoint_magic.size();
  std::uint64_t size = 0, sum = 0;
  if (bytes.size() < at + 2 * sizeof size || bytes.compare(0, at, checkpoint_magic) != 0) damaged();
  const std::size_t end = bytes.size() - sizeof sum;
  std::memcpy(&sum, bytes.data() + end, sizeof sum);
  if (sum != fingerprint(std::string_view(bytes).substr(0, end))) damaged();
  std::memcpy(&size, bytes.data() + at, sizeof size);
  at += sizeof size;
  if (size > end - at) damaged();
  const std::string_view written(bytes.data() + at, std::size_t(size));
  if (written != identity) refuse_identity(path, written, identity);
  at += std::size_t(size);
  tell(state, [&](void* to, std::size_t count) {
    if (count > end - at) damaged();
    if (count > 0) std::memcpy(to, bytes.data() + at, count);
    at += count;
  });
  return true;
}

}  // namespace almagest::inline ALMAGEST_ABI::neural::detail
