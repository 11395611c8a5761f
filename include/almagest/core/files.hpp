// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Files as a whole: read in one go, and written so that they appear complete or not at all.

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "almagest/core/config.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"

namespace almagest::inline ALMAGEST_ABI::files {

using detail::text;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using FileHandle = std::unique_ptr<std::FILE, CloseFile>;

[[noreturn]] inline void fail_to_write(std::string_view path, int error) {
  throw IoError(text("cannot write \"", path, "\": ", std::strerror(error),
                     "; check that its folder exists, is writable and has room."));
}

/// A file that appears under its name when it is complete, or not at all.
///
/// Bytes go to a temporary name in the same folder; `commit()` flushes them to the disk and
/// renames. Without a commit, as after an exception, the temporary is removed and an older file of
/// that name stays as it was. A symbolic link stays a link: the file it leads to is replaced.
/// Devices and pipes are refused, because a rename would replace them.
///
/// \throws IoError with the path and the system's reason.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path) : path_(resolved(std::move(path))) {
    for (int attempt = 0; attempt < 1000; ++attempt) {
      std::string name = text(path_, ".partial", attempt);
      file_.reset(std::fopen(name.c_str(), "wbx"));
      if (file_) {
        temporary_ = std::move(name);
        return;
      }
      if (errno != EEXIST) break;
    }
    fail_to_write(path_, errno);
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile() {
    if (!temporary_.empty()) std::remove(temporary_.c_str());
  }

  /// Where the bytes are until the commit, for libraries that open files themselves.
  const std::string& temporary() const { return temporary_; }

  void write(const void* bytes, std::size_t count) {
    if (count > 0 && std::fwrite(bytes, 1, count, file_.get()) != count)
      fail_to_write(path_, errno);
  }
  void write(std::string_view bytes) { write(bytes.data(), bytes.size()); }

  void commit() {
    if (std::fflush(file_.get()) != 0 || fsync(fileno(file_.get())) != 0 ||
        std::fclose(file_.release()) != 0 || std::rename(temporary_.c_str(), path_.c_str()) != 0)
      fail_to_write(path_, errno);
    temporary_.clear();
  }

 private:
  static std::string resolved(std::string path) {
    struct stat facts {};
    if (stat(path.c_str(), &facts) != 0) return path;
    if (!S_ISREG(facts.st_mode))
      throw IoError(text("cannot write \"", path,
                         "\": it exists and is not a regular file; choose the name of a file."));
    struct Free {
      void operator()(char* p) const { std::free(p); }
    };
    const std::unique_ptr<char, Free> real(realpath(path.c_str(), nullptr));
    return real ? std::string(real.get()) : path;
  }

  std::string path_, temporary_;
  FileHandle file_;
};

/// Writes a file of known content, whole or not at all.
inline void write_file(const std::string& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

/// Opens an existing regular file and finds its size. Asks before opening: a pipe would block.
inline FileHandle open_file(const std::string& path, std::size_t& size) {
  struct stat facts {};
  const bool exists = stat(path.c_str(), &facts) == 0;
  if (exists && !S_ISREG(facts.st_mode))
    throw IoError(
        text("cannot read \"", path, "\": it is not a regular file; give the path of a file."));
  FileHandle file(exists ? std::fopen(path.c_str(), "rb") : nullptr);
  if (!file)
    throw IoError(text("cannot read \"", path, "\": ", std::strerror(errno),
                       "; check the path and the right to read it."));
  size = std::size_t(facts.st_size);
  return file;
}

inline void read_bytes(std::FILE* file, const std::string& path, void* bytes, std::size_t count) {
  if (count > 0 && std::fread(bytes, 1, count, file) != count)
    throw IoError(text("cannot read \"", path, "\": it ended before ", count,
                       " bytes could be read; write the file anew."));
}

inline std::string read_file(const std::string& path) {
  std::size_t size = 0;
  const FileHandle file = open_file(path, size);
  std::string bytes(size, '\0');
  read_bytes(file.get(), path, bytes.data(), size);
  return bytes;
}

}  // namespace almagest::inline ALMAGEST_ABI::files
