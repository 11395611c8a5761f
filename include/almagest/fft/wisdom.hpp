// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>

#include "almagest/core/errors.hpp"
#include "almagest/core/files.hpp"
#include "almagest/core/text.hpp"
#include "almagest/fft/fftw.hpp"

namespace almagest::inline ALMAGEST_ABI::fft {
namespace detail {

/// Which processor and which FFTW wisdom belongs to. (Templates, so that including them costs next to nothing.)
template <std::same_as<double> Real = double>
std::string wisdom_owner() {
  std::string processor = "unknown processor";
  if (const files::FileHandle facts{std::fopen("/proc/cpuinfo", "r")}) {
    char buffer[256];
    while (std::fgets(buffer, sizeof buffer, facts.get())) {
      const std::string_view line(buffer), name("model name");
      const std::size_t start = line.find(": ");
      if (!line.starts_with(name) || start == std::string_view::npos) continue;
      processor = line.substr(start + 2, line.find_last_not_of('\n') - start - 1);
      break;
    }
  }
  return std::string(Fftw<Real>::version()) + " on " + processor;
}

inline constexpr std::string_view wisdom_title = "almagest wisdom: ", wisdom_single = "\nsingle precision\n";

template <typename Scalar>
std::string exported_wisdom() {
  struct Free {
    void operator()(char* p) const { std::free(p); }
  };
  const std::unique_ptr<char, Free> text(Fftw<Scalar>::export_wisdom());
  return text ? text.get() : "";
}

}  // namespace detail

/// Writes what the planner has learned on this machine, in both precisions, so that a later program plans the
/// same transforms at once. \throws IoError for a file that cannot be written.
template <std::same_as<std::string> Path = std::string>
void save_wisdom(const std::type_identity_t<Path>& path) {
  Path text = Path(detail::wisdom_title) + detail::wisdom_owner() + "\n";
  {
    const std::lock_guard lock(fftw_planner());
    text += detail::exported_wisdom<double>() + std::string(detail::wisdom_single) + detail::exported_wisdom<float>();
  }
  files::write_file(path, text);
}

/// Reads what save_wisdom wrote on this machine.
///
/// Plans of another processor or another FFTW would be slow without a word, so they are refused; nothing that
/// the planner knows already is lost. \throws IoError for a file that cannot be read, is no wisdom, or is that
/// of another machine, with both named.
template <std::same_as<std::string> Path = std::string>
void load_wisdom(const std::type_identity_t<Path>& path) {
  using almagest::detail::text;
  const Path bytes = files::read_file(path);
  const std::size_t end = bytes.find('\n'), single = bytes.find(detail::wisdom_single);
  if (!bytes.starts_with(detail::wisdom_title) || single == std::string::npos)
    throw IoError(text("cannot read \"", path, "\": it is no wisdom that save_wisdom wrote; write it anew."));
  const std::string owner = bytes.substr(detail::wisdom_title.size(), end - detail::wisdom_title.size());
  if (owner != detail::wisdom_owner())
    throw IoError(text("load_wisdom: \"", path, "\" is that of ", owner, ", but this is ", detail::wisdom_owner(),
                       "; plan here and save the wisdom anew."));
  const std::lock_guard lock(fftw_planner());
  const bool known = detail::Fftw<double>::import_wisdom(bytes.substr(end + 1, single - end - 1).c_str()) &&
                     detail::Fftw<float>::import_wisdom(bytes.substr(single + detail::wisdom_single.size()).c_str());
  if (!known) throw IoError(text("cannot read \"", path, "\": FFTW does not understand it; write it anew."));
}

}  // namespace almagest::inline ALMAGEST_ABI::fft
