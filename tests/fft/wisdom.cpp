// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/fft/wisdom.hpp"

#include "almagest/fft/real_transform.hpp"
#include "core/sentence.hpp"
#include "support/catch.hpp"
#include "support/folder.hpp"

using namespace almagest;

namespace {

/// Whether FFTW would plan this transform without trying.
bool knows(int points) {
  fft::Buffer<double> field(points);
  fft::Buffer<std::complex<double>> modes(points / 2 + 1);
  const std::lock_guard lock(fftw_planner());
  const fftw_plan plan = fftw_plan_dft_r2c_1d(points, field.data(), reinterpret_cast<fftw_complex*>(modes.data()),
                                              FFTW_MEASURE | FFTW_WISDOM_ONLY);
  if (plan) fftw_destroy_plan(plan);
  return plan != nullptr;
}

}  // namespace

TEST_CASE("Wisdom is saved and comes back") {
  const Folder folder;
  const fft::RealTransform<double> planned({34});
  CHECK(knows(34));
  fft::save_wisdom(folder.file("wisdom"));
  fftw_forget_wisdom();
  CHECK_FALSE(knows(34));
  fft::load_wisdom(folder.file("wisdom"));
  CHECK(knows(34));
  CHECK_FALSE(knows(38));
}

TEST_CASE("Wisdom of others is refused") {
  const Folder folder;
  fft::save_wisdom(folder.file("wisdom"));
  std::string bytes = files::read_file(folder.file("wisdom"));
  bytes.insert(bytes.find(" on ") + 4, "another ");
  files::write_file(folder.file("other"), bytes);
  CHECK_THAT(sentence<IoError>([&] { fft::load_wisdom(folder.file("other")); }),
             ContainsSubstring("on another") && ContainsSubstring("but this is fftw-"));
  files::write_file(folder.file("text"), "(fftw-3.3.10 fftw_wisdom)");
  CHECK_THAT(sentence<IoError>([&] { fft::load_wisdom(folder.file("text")); }), ContainsSubstring("no wisdom"));
  CHECK_THAT(sentence<IoError>([&] { fft::load_wisdom(folder.file("none")); }), ContainsSubstring("cannot read"));
}
