# SPDX-License-Identifier: BSD-3-Clause
"""Libraries of features: what EDMD learns in the span of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, List, Sequence, Tuple, Union

import numpy as np

from ._almagest import features as _compiled
from ._almagest.core import InvalidArgument
from ._estimator import Parameters, natural, number, numbers, whole

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    _Interval = Tuple[float, float]
    _Box = Union[_Interval, Sequence[_Interval]]


class Library(Parameters):
    """What all libraries can do; a + b is the features of both, a * b all products of theirs."""

    def _library(self) -> _compiled.Library:
        raise NotImplementedError

    def names(self, variables: Sequence[str]) -> list[str]:
        """Names of the features from those of the state's components."""
        return self._library().names(list(variables))

    def __call__(self, states: ArrayLike) -> NDArray[np.float64]:
        """The features at states (count, dimension), shape (count, features)."""
        return self._library().evaluate(np.asarray(states))

    def __add__(self, other: Library) -> Concatenation:
        return Concatenation([self, other])

    def __mul__(self, other: Library) -> Product:
        return Product([self, other])


def compiled_library(library: Library, what: str) -> _compiled.Library:
    """The compiled form of a library. Raises InvalidArgument for anything else."""
    if not isinstance(library, Library):
        raise InvalidArgument(f"{what} is {library!r}; give a library such as al.Polynomial(degree=3).")
    return library._library()


class Polynomial(Library):
    """A library of monomials up to a total degree, in the order 1, x, y, x^2, x y, y^2, ...

    degree       highest total degree
    bias         whether the constant is a feature
    cross_terms  whether products of different variables are
    """

    def __init__(self, degree: int = 2, bias: bool = True, cross_terms: bool = True) -> None:
        self.degree = degree
        self.bias = bias
        self.cross_terms = cross_terms

    def _library(self) -> _compiled.Library:
        degree = whole(self.degree, "Polynomial: degree")
        return _compiled.polynomial(degree, bool(self.bias), bool(self.cross_terms))


class _Tensor(Library):
    """A family of functions of each variable, and the products that an index set keeps."""

    degree: int
    box: _Box
    indices: str

    def _arguments(self) -> tuple[int, List[_Interval], str]:
        name = type(self).__name__
        intervals = np.atleast_2d(np.asarray(self.box, dtype=float))
        if intervals.ndim != 2 or intervals.shape[1] != 2:
            raise InvalidArgument(
                f"{name}: box is {self.box!r}; give (lower, upper), or one such pair for each component."
            )
        pairs = [(float(lower), float(upper)) for lower, upper in intervals]
        return whole(self.degree, f"{name}: degree"), pairs, self.indices


class Legendre(_Tensor):
    """Legendre polynomials, orthonormal in the mean over a box.

    degree   highest degree
    box      (lower, upper) for all components of the state, or one pair for each
    indices  which products: "total_degree", "hyperbolic" (few mixed terms) or "full"
    """

    def __init__(self, degree: int = 3, box: _Box = (-1, 1), indices: str = "total_degree") -> None:
        self.degree = degree
        self.box = box
        self.indices = indices

    def _library(self) -> _compiled.Library:
        return _compiled.legendre(*self._arguments())


class Chebyshev(_Tensor):
    """Chebyshev polynomials on a box; parameters as with Legendre."""

    def __init__(self, degree: int = 3, box: _Box = (-1, 1), indices: str = "total_degree") -> None:
        self.degree = degree
        self.box = box
        self.indices = indices

    def _library(self) -> _compiled.Library:
        return _compiled.chebyshev(*self._arguments())


class FourierBasis(_Tensor):
    """Sines and cosines up to a wavenumber, periodic in the box; parameters as with Legendre."""

    def __init__(self, degree: int = 3, box: _Box = (-np.pi, np.pi), indices: str = "total_degree") -> None:
        self.degree = degree
        self.box = box
        self.indices = indices

    def _library(self) -> _compiled.Library:
        return _compiled.fourier(*self._arguments())


class Hermite(_Tensor):
    """Hermite functions, orthonormal on the line, or Hermite polynomials.

    degree     highest degree
    box        centre minus and plus one scale (a standard deviation), for all components or for each
    functions  False: polynomials, orthonormal under the normal law
    indices    as with Legendre
    """

    def __init__(
        self, degree: int = 3, box: _Box = (-1, 1), functions: bool = True, indices: str = "total_degree"
    ) -> None:
        self.degree = degree
        self.box = box
        self.functions = functions
        self.indices = indices

    def _library(self) -> _compiled.Library:
        make = _compiled.hermite_functions if self.functions else _compiled.hermite_polynomials
        return make(*self._arguments())


class RadialBasis(Library):
    """Functions of the distance r from centres, in units of a width.

    centres  array (count, dimension); al.k_means finds some
    kind     "gaussian" exp(-r^2/2), "thin_plate" r^2 log r, "wendland", "laplacian" exp(-r),
             "matern32" or "matern52"
    width    unit of the distance
    """

    def __init__(self, centres: ArrayLike, kind: str = "gaussian", width: float = 1.0) -> None:
        self.centres = centres
        self.kind = kind
        self.width = width

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RadialBasis):
            return NotImplemented
        same = self.kind == other.kind and self.width == other.width
        return same and np.array_equal(np.asarray(self.centres), np.asarray(other.centres))

    __hash__ = None  # type: ignore[assignment]

    def _library(self) -> _compiled.Library:
        return _compiled.radial_basis(self.centres, self.kind, number(self.width, "RadialBasis: width"))


class RandomFourier(Library):
    """Waves of random frequency that stand for a Gaussian kernel (Rahimi & Recht 2007).

    count  of waves
    width  of the kernel
    seed   of the random numbers
    """

    def __init__(self, count: int = 100, width: float = 1.0, seed: int = 0) -> None:
        self.count = count
        self.width = width
        self.seed = seed

    def _library(self) -> _compiled.Library:
        return _compiled.random_fourier(
            whole(self.count, "RandomFourier: count"),
            number(self.width, "RandomFourier: width"),
            natural(self.seed, "RandomFourier: seed"),
        )


class Expressions(Library):
    """Features given as formulas of the components.

    formulas   texts such as "sin(x)*y": + - * / ^, numbers, pi, parentheses, sin, cos, tan, exp, log, sqrt,
               abs, sinh, cosh, tanh; exponents are numbers
    variables  names of the components in the formulas, in order; None means x0, x1, ...

    >>> al.Expressions(["1", "sin(x)", "x*y"], variables=["x", "y"])
    """

    def __init__(self, formulas: Sequence[str], variables: Sequence[str] | None = None) -> None:
        self.formulas = formulas
        self.variables = variables

    def _library(self) -> _compiled.Library:
        if isinstance(self.formulas, str) or isinstance(self.variables, str):
            raise InvalidArgument("Expressions: formulas and variables are lists of texts; give several, or [one].")
        return _compiled.expressions(list(self.formulas), list(self.variables or []))


class Fourier(Library):
    """sin(k x), cos(k x) of every component for k = 1 ... frequencies, as they stand in equations.

    frequencies  the highest
    bias         whether the constant is a feature

    FourierBasis is the orthonormal basis of a box.
    """

    def __init__(self, frequencies: int = 1, bias: bool = False) -> None:
        self.frequencies = frequencies
        self.bias = bias

    def _library(self) -> _compiled.Library:
        return _compiled.harmonics(whole(self.frequencies, "Fourier: frequencies"), bool(self.bias))


class Functions(Library):
    """Functions of the user, each of all states at once: from (count, dimension) to (count,).

    functions  callables, such as lambda x: x[:, 0] ** 2
    labels     names of the features; None means f0, f1, ...

    They have no formulas: laws of them are integrated (al.integrate) but neither saved, exported nor
    continued by `forecast`. Prefer Expressions.
    """

    def __init__(
        self,
        functions: Sequence[Callable[[NDArray[np.float64]], ArrayLike]],
        labels: Sequence[str] | None = None,
    ) -> None:
        self.functions = functions
        self.labels = labels

    def _library(self) -> _compiled.Library:
        count = len(self.functions)
        labels = [f"f{k}" for k in range(count)] if self.labels is None else list(self.labels)
        if len(labels) != count or count == 0:
            raise InvalidArgument(
                f"Functions: {count} functions and {len(labels)} labels; give at least one function, and a label "
                "for each or none."
            )
        return _compiled.functions(list(self.functions), labels)


class Concatenation(Library):
    """The features of several libraries, one library after the other: also a + b."""

    def __init__(self, libraries: Sequence[Library]) -> None:
        self.libraries = libraries

    def _library(self) -> _compiled.Library:
        return _compiled.concatenation([compiled_library(one, "Concatenation: a library") for one in self.libraries])


class Product(Library):
    """All products of a feature of each library: also a * b."""

    def __init__(self, libraries: Sequence[Library]) -> None:
        self.libraries = libraries

    def _library(self) -> _compiled.Library:
        return _compiled.product([compiled_library(one, "Product: a library") for one in self.libraries])


class Selection(Library):
    """A library on some components of the state, named by their indices."""

    def __init__(self, variables: Sequence[int], library: Library) -> None:
        self.variables = variables
        self.library = library

    def _library(self) -> _compiled.Library:
        variables = [whole(j, "Selection: variables") for j in self.variables]
        return _compiled.selection(variables, compiled_library(self.library, "Selection: library"))


class Delays(Library):
    """A library on windows of consecutive samples, oldest first: delay coordinates.

    samples  in a window
    library  on dimension * samples numbers; None means the samples themselves and the constant
    """

    def __init__(self, samples: int = 10, library: Library | None = None) -> None:
        self.samples = samples
        self.library = library

    def _library(self) -> _compiled.Library:
        inner = Polynomial(1) if self.library is None else self.library
        return _compiled.delays(whole(self.samples, "Delays: samples"), compiled_library(inner, "Delays: library"))


class _Compiled(Library):
    """A library of C++ that has no class here: mixtures of bases."""

    def __init__(self, library: _compiled.Library) -> None:
        self.library = library

    def _library(self) -> _compiled.Library:
        return self.library


_KINDS: dict[str, type[Library]] = {
    "polynomial": Polynomial,
    "legendre": Legendre,
    "chebyshev": Chebyshev,
    "fourier": FourierBasis,
    "hermite": Hermite,
    "radial_basis": RadialBasis,
    "random_fourier": RandomFourier,
    "expressions": Expressions,
    "harmonics": Fourier,
    "concatenation": Concatenation,
    "product": Product,
    "selection": Selection,
    "delays": Delays,
}


def library_of(compiled: _compiled.Library) -> Library:
    """The library that made a compiled one."""
    try:
        return _made(*compiled.fields)
    except KeyError:
        return _Compiled(compiled)


def _made(kind: str, fields: dict[str, Any]) -> Library:
    if "libraries" in fields:
        fields["libraries"] = [_made(*one) for one in fields["libraries"]]
    if "library" in fields:
        fields["library"] = _made(*fields["library"])
    if "box" in fields:
        box = [(float(lower), float(upper)) for lower, upper in fields["box"]]
        fields["box"] = box[0] if len(box) == 1 else box
    return _KINDS[kind](**fields)


def k_means(states: ArrayLike, count: int, *, seed: int = 0, iterations: int = 20) -> NDArray[np.float64]:
    """Centres (count, dimension) for a RadialBasis: means of the states nearest to them, k-means++.

    Raises InvalidArgument for more centres than there are different states.
    """
    return _compiled.k_means(
        numbers(states, "k_means: states"),
        whole(count, "k_means: count"),
        natural(seed, "k_means: seed"),
        whole(iterations, "k_means: iterations"),
    )
