// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/core/files.hpp"

#include <csignal>
#include <sys/resource.h>
#include <sys/stat.h>

#include "core/sentence.hpp"
#include "support/folder.hpp"
#include "support/catch.hpp"

using almagest::IoError;
using almagest::files::AtomicFile;
using almagest::files::read_file;
using almagest::files::write_file;
using Names = std::vector<std::string>;

TEST_CASE("A file is written and read as a whole") {
  const Folder folder;
  const std::string bytes("one\0two\n", 8);
  write_file(folder.file("a"), bytes);
  CHECK(read_file(folder.file("a")) == bytes);
  CHECK(folder.names() == Names{"a"});

  write_file(folder.file("a"), "");
  CHECK(read_file(folder.file("a")).empty());
}

TEST_CASE("A file appears when it is complete, or not at all") {
  const Folder folder;
  write_file(folder.file("a"), "old");

  SECTION("until the commit the old content stands") {
    AtomicFile file(folder.file("a"));
    file.write("new");
    CHECK(content(folder.file("a")) == "old");
    file.commit();
    CHECK(content(folder.file("a")) == "new");
  }
  SECTION("without a commit nothing remains") {
    {
      AtomicFile file(folder.file("a"));
      file.write("half of the n");
      CHECK(folder.names().size() == 2);
    }
    CHECK(content(folder.file("a")) == "old");
  }
  SECTION("two writers do not meet") {
    AtomicFile one(folder.file("a")), two(folder.file("a"));
    CHECK(one.temporary() != two.temporary());
    one.write("one");
    two.write("two");
    two.commit();
    CHECK(content(folder.file("a")) == "two");
    one.commit();
    CHECK(content(folder.file("a")) == "one");
  }
  SECTION("a disk without room leaves the old file") {
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
    const rlimit little{4096, before.rlim_max};
    REQUIRE(setrlimit(RLIMIT_FSIZE, &little) == 0);
    const std::string text =
        sentence<IoError>([&] { write_file(folder.file("a"), std::string(100'000, 'x')); });
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    CHECK_THAT(text, ContainsSubstring(folder.file("a")) && ContainsSubstring("room"));
    CHECK(content(folder.file("a")) == "old");
  }
  CHECK(folder.names() == Names{"a"});
}

TEST_CASE("A link stays a link") {
  const Folder folder;
  write_file(folder.file("target"), "old");
  std::filesystem::create_symlink("target", folder.file("link"));
  write_file(folder.file("link"), "new");
  CHECK(std::filesystem::is_symlink(folder.file("link")));
  CHECK(content(folder.file("target")) == "new");
}

TEST_CASE("Paths that cannot be files are refused with a reason") {
  const Folder folder;
  const auto writing = [](const std::string& path) {
    return sentence<IoError>([&] { write_file(path, "x"); });
  };
  const auto reading = [](const std::string& path) {
    return sentence<IoError>([&] { read_file(path); });
  };
  const std::string lost = folder.file("no/such"), here = folder.file(".");

  CHECK_THAT(writing(lost), ContainsSubstring(lost) && ContainsSubstring("No such file") &&
                                ContainsSubstring("folder"));
  CHECK_THAT(writing(here), ContainsSubstring("not a regular file") && ContainsSubstring("choose"));
  CHECK_THAT(writing("/dev/null"),
             ContainsSubstring("/dev/null") && ContainsSubstring("not a regular file"));
  CHECK(std::filesystem::is_character_file("/dev/null"));

  CHECK_THAT(reading(lost), ContainsSubstring(lost) && ContainsSubstring("No such file") &&
                                ContainsSubstring("check"));
  CHECK_THAT(reading(here), ContainsSubstring("not a regular file"));
  REQUIRE(mkfifo(folder.file("pipe").c_str(), 0600) == 0);
  CHECK_THAT(reading(folder.file("pipe")), ContainsSubstring("not a regular file"));
  CHECK_THAT(writing(folder.file("pipe")), ContainsSubstring("not a regular file"));
}
