// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/fft/wisdom.hpp"

#include "almagest/fft/real_transform.hpp"
#include "core/sentence.hpp"
#include "support/catch.hpp"
#include "support/folder.hpp"

using namespace almagest;

TEST_CASE("Wisdom is saved and comes back") {
  const Folder folder;
  const fft::RealTransform<double> planned({34});
  const fft::RealTransform<float> planned_too({38});
  fft::save_wisdom(folder.file("wisdom"));
  const std::string saved = files::read_file(folder.file("wisdom"));
  fftw_forget_wisdom();
  fftwf_forget_wisdom();
  fft::save_wisdom(folder.file("forgotten"));
  CHECK(files::read_file(folder.file("forgotten")).size() < saved.size());
  fft::load_wisdom(folder.file("wisdom"));
  fft::save_wisdom(folder.file("again"));
  CHECK(files::read_file(folder.file("again")) == saved);
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
