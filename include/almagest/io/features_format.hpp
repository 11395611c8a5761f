// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Libraries of features in model files: each states its fields once, by which it is written, read, and
/// described to others.

#include <Eigen/Core>
#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/features/composition.hpp"
#include "almagest/features/expressions.hpp"
#include "almagest/features/harmonics.hpp"
#include "almagest/features/polynomial.hpp"
#include "almagest/features/polynomial_kernel.hpp"
#include "almagest/features/radial_basis.hpp"
#include "almagest/features/tensor_basis.hpp"
#include "almagest/io/fields.hpp"

namespace almagest::inline ALMAGEST_ABI::io {

/// How a library of features is stored: the name of its kind, and its fields. A further one needs a
/// specialization and its place among `StoredLibraries`.
template <typename Library>
struct LibraryFormat;

/// Writes or reads a library of any kind as the fields of a part.
template <typename Fields, typename Library>
void tell_library(Fields& fields, Library& library);

namespace detail {

inline constexpr std::array index_sets = {"total_degree", "hyperbolic", "full"};
inline constexpr std::array radial_kinds = {"gaussian",  "thin_plate", "wendland",
                                            "laplacian", "matern32",   "matern52"};
inline constexpr std::array families = {"powers",  "legendre",          "chebyshev",
                                        "hermite", "hermite_functions", "fourier"};

/// Intervals as an array (2, count): a row of lower bounds and one of upper bounds.
template <typename Fields, typename Box>
void tell_box(Fields& fields, Box& box) {
  Eigen::MatrixXd bounds(2, Eigen::Index(box.size()));
  for (std::size_t k = 0; k < box.size(); ++k)
    bounds.col(Eigen::Index(k)) << box[k].lower, box[k].upper;
  fields.tensor("box", bounds);
  if constexpr (Fields::reads) {
    if (bounds.rows() != 2) fields.misfit("a box has not two rows of bounds");
    box.clear();
    for (Eigen::Index k = 0; k < bounds.cols(); ++k) box.push_back({bounds(0, k), bounds(1, k)});
  }
}

/// The same family in all variables.
template <typename Fields, typename Basis>
void tell_basis(Fields& fields, Basis& basis) {
  fields.setting("degree", basis.degree);
  tell_box(fields, basis.box);
  fields.choice("indices", basis.indices, index_sets);
}

template <typename Fields, typename Composition>
void tell_libraries(Fields& fields, Composition& composition) {
  fields.list("libraries", composition.libraries, features::Library(features::Polynomial{}),
              [](auto& inner, auto& library) { tell_library(inner, library); });
}

template <typename Fields, typename Around>
void tell_inner(Fields& fields, Around& around) {
  fields.part("library", around.library,
              [](auto& inner, auto& library) { tell_library(inner, library); });
}

}  // namespace detail

template <>
struct LibraryFormat<features::Polynomial> {
  static constexpr const char* kind = "polynomial";
  template <typename Fields, typename Library>
  static void tell(Fields& fields, Library& library) {
    fields.setting("degree", library.degree);
    fields.setting("bias", library.bias);
    fields.setting("cross_terms", library.cross_terms);
  }
};

template <>
struct LibraryFormat<features::Legendre> {
  static constexpr const char* kind = "legendre";
  template <typename Fields, typename Library>
  static void tell(Fields& fields, Library& library) {
    detail::tell_basis(fields, library);
  }
};

template <>
struct LibraryFormat<features::Chebyshev> {
  static constexpr const char* kind = "chebyshev";
  template <typename Fields, typename Library>
  static void tell(Fields& fields, Library& library) {
    detail::tell_basis(fields, library);
  }
};

template <>
struct LibraryFormat<features::Fourier> {
  static constexpr const char* kind = "fourier";
  template <typename Fields, typename Library>
  static void tell(Fields& fields, Library& library) {
    detail::tell_basis(fields, library);
  }
};

template <>
struct LibraryFormat<features::Hermite> {
  static constexpr const char* kind = "hermite";
  template <typename Fields, typename Library>
  static void tell(Fields& fields, Library& library) {
    detail::tell_basis(fields, library);
    fields.setting("functions", library.functions);
  }
};

template <>
struct LibraryFormat<features::TensorBasis> {
  static constexpr const char* kind = "tensor_basis";
  template <typename Fields, typename Library>
  static void tell(Fields& fields, Library& library) {
    fields.list("factors", library.factors, {}, [](auto& inner, auto& factor) {
      inner.choice("family", factor.family, detail::families);
      inner.setting("degree", factor.degree);
      inner.setting("lower", factor.interval.lower);
      inner.setting("upper", factor.interval.upper);
    });
    fields.choice("indices", library.indices, detail::index_sets);
  }
};

template <>
struct LibraryFormat<features::RadialBasis> {
  static constexpr const char* kind = "radial_basis";
  template <typename Fields, typename Library>
  static void tell(Fields& fields, Library& library) {
    fields.tensor("centres", library.centres);
    fields.choice("kind", library.kind, detail::radial_kinds);
    fields.setting("width", library.width);
  }
};

template <>
struct LibraryFormat<features::RandomFourier> {
  static constexpr const char* kind = "random_fourier";
  template <typename Fields, typename Library>
  static void tell(Fields& fields, Library& library) {
    fields.setting("count", library.count);
    fields.setting("width", library.width);
    fields.seed("seed", library.seed);
  }
};

template <>
struct LibraryFormat<features::PolynomialKernels> {
  static constexpr const char* kind = "polynomial_kernels";
  template <typename Fields, typename Library>
  static void tell(Fields& fields, Library& library) {
    fields.tensor("centres", library.centres);
    fields.setting("degree", library.degree);
    fields.setting("width", library.width);
  }
};

template <>
struct LibraryFormat<features::Expressions> {
  static constexpr const char* kind = "expressions";
  template <typename Fields, typename Library>
  static void tell(Fields& fields, Library& library) {
    fields.texts("formulas", library.formulas);
    fields.texts("variables", library.variables);
  }
};

template <>
struct LibraryFormat<features::Harmonics> {
  static constexpr const char* kind = "harmonics";
  template <typename Fields, typename Library>
  static void tell(Fields& fields, Library& library) {
    fields.setting("frequencies", library.frequencies);
    fields.setting("bias", library.bias);
  }
};

template <>
struct LibraryFormat<features::Concatenation> {
  static constexpr const char* kind = "concatenation";
  template <typename Fields, typename Library>
  static void tell(Fields& fields, Library& library) {
    detail::tell_libraries(fields, library);
  }
};

template <>
struct LibraryFormat<features::Product> {
  static constexpr const char* kind = "product";
  template <typename Fields, typename Library>
  static void tell(Fields& fields, Library& library) {
    detail::tell_libraries(fields, library);
  }
};

template <>
struct LibraryFormat<features::Selection> {
  static constexpr const char* kind = "selection";
  template <typename Fields, typename Library>
  static void tell(Fields& fields, Library& library) {
    fields.integers("variables", library.variables);
    detail::tell_inner(fields, library);
  }
};

template <>
struct LibraryFormat<features::Delays> {
  static constexpr const char* kind = "delays";
  template <typename Fields, typename Library>
  static void tell(Fields& fields, Library& library) {
    fields.setting("samples", library.samples);
    detail::tell_inner(fields, library);
  }
};

namespace detail {

template <typename... Libraries>
struct LibraryList {};

/// Those that files know.
using StoredLibraries =
    LibraryList<features::Polynomial, features::Legendre, features::Chebyshev, features::Fourier,
                features::Hermite, features::TensorBasis, features::RadialBasis,
                features::RandomFourier, features::PolynomialKernels, features::Expressions,
                features::Harmonics, features::Concatenation, features::Product,
                features::Selection, features::Delays>;

template <typename L>
L blank_library() {
  if constexpr (std::is_same_v<L, features::Selection>)
    return {{}, features::Polynomial{}};
  else if constexpr (std::is_same_v<L, features::Delays>)
    return {2, features::Polynomial{}};
  else
    return {};
}

/// Tells the library where it is an L.
template <typename L, typename Fields, typename Library>
bool tell_as(Fields& fields, Library& library) {
  if constexpr (Fields::reads) {
    if (!fields.is(LibraryFormat<L>::kind)) return false;
    L found = blank_library<L>();
    LibraryFormat<L>::tell(fields, found);
    library = std::move(found);
    return true;
  } else {
    const L* held = library.template as<L>();
    if (held) {
      fields.kind(LibraryFormat<L>::kind);
      LibraryFormat<L>::tell(fields, *held);
    }
    return held;
  }
}

template <typename Fields, typename Library, typename... Libraries>
void tell_one_of(Fields& fields, Library& library, LibraryList<Libraries...>) {
  if ((tell_as<Libraries>(fields, library) || ...)) return;
  if constexpr (Fields::reads)
    fields.misfit(almagest::detail::text("\"", fields.prefix(), "\" is no library of features that is known"));
  else
    throw InvalidArgument(
        "save: the model holds a library of features of a type of its own, but files know the "
        "libraries of almagest only; fit with a composition of those.");
}

}  // namespace detail

template <typename Fields, typename Library>
void tell_library(Fields& fields, Library& library) {
  detail::tell_one_of(fields, library, detail::StoredLibraries{});
}

}  // namespace almagest::inline ALMAGEST_ABI::io
