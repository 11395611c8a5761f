// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "almagest/core/concepts.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/sindy/flow.hpp"
#include "almagest/sindy/polynomial.hpp"
#include "almagest/sindy/stlsq.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

namespace detail {

/// Component i of a state. Eigen counts with signed, the standard library with unsigned integers.
template <typename State>
decltype(auto) component(State& x, std::size_t i) {
  using Plain = std::remove_const_t<State>;
  if constexpr (std::is_base_of_v<Eigen::EigenBase<Plain>, Plain>)
    return x[Eigen::Index(i)];
  else
    return x[i];
}

/// The plain number of an element that carries several (SIMD lanes) or derivatives (dual numbers).
template <typename Element>
struct NumberOf {
  using type = Element;
};
template <typename Element>
requires requires { typename Element::Scalar; }
struct NumberOf<Element> {
  using type = typename Element::Scalar;
};

/// `precision` decimals; in scientific notation where those would show little or too much.
inline std::string coefficient_text(double size, int precision) {
  const bool fixed = size >= std::pow(10.0, -precision) && size < 1e6;
  char buffer[64];
  return {buffer,
          std::to_chars(buffer, buffer + sizeof buffer, size,
                        fixed ? std::chars_format::fixed : std::chars_format::scientific, precision)
              .ptr};
}

}  // namespace detail

/// A law of motion \f$ \dot x = \Xi^\top \theta(x) \f$ with a sparse coefficient matrix, learned by
/// `fit`.
///
/// An immutable value: the library of d-dimensional monomials \f$ \theta \f$, the coefficients
/// \f$ \Xi \f$ (`features x dimension`, in the units of state per time) and what is known of the
/// training. It is a vector field in Boost.Odeint's form, so that it can be integrated,
/// differentiated (dual numbers) and run in SIMD lanes like any system, and it forecasts by itself.
///
/// Evaluation touches the non-zero terms only, each a product of its variables, and allocates
/// nothing.
///
/// \throws DimensionMismatch where the shape of the coefficients is not that of the library,
///         NonFiniteData for coefficients that are not finite.
template <typename Scalar_ = double>
class Model {
 public:
  using Scalar = Scalar_;
  using Matrix = Eigen::MatrixX<Scalar>;

  Model(Polynomial library, Matrix coefficients, TrainingFacts training, FitReport report = {})
      : library_(library),
        monomials_(library, training.dimension),
        coefficients_(std::move(coefficients)),
        training_(std::move(training)),
        report_(std::move(report)) {
    using almagest::detail::check_lengths;
    check_lengths("sindy::Model", "coefficients (rows)", coefficients_.rows(),
                  "the library of features", monomials_.size());
    check_lengths("sindy::Model", "coefficients (columns)", coefficients_.cols(), "the state",
                  training_.dimension);
    check_lengths("sindy::Model", "names", Eigen::Index(training_.names.size()), "the state",
                  training_.dimension);
    almagest::detail::check_finite("sindy::Model", "coefficients", coefficients_);
    compile();
  }

  Eigen::Index dimension() const { return training_.dimension; }
  /// A law of motion needs the present state only.
  Eigen::Index context() const { return 1; }
  const TrainingFacts& training() const { return training_; }
  const Polynomial& library() const { return library_; }
  /// The coefficients, `features x dimension`.
  const Matrix& coefficients() const { return coefficients_; }
  /// The exponents of the features, `features x dimension`.
  const Eigen::MatrixXi& exponents() const { return monomials_.exponents(); }
  std::vector<std::string> feature_names() const { return monomials_.names(training_.names); }
  /// How the fit went; without content for a model built from coefficients alone.
  const FitReport& report() const { return report_; }
  /// Estimated condition number of the chosen features (see FitReport); NaN where nothing was
  /// fitted.
  double condition_number() const { return report_.condition; }
  const std::vector<std::string>& warnings() const { return report_.warnings; }

  /// One line for each component, such as "x' = -10.0000 x + 10.0000 y".
  std::vector<std::string> equations(int precision = 4) const {
    if (precision < 0 || precision > 17)
      throw InvalidArgument(almagest::detail::text("sindy::Model::equations: precision is ",
                                                   precision, "; give 0 to 17 decimals."));
    const std::vector<std::string> features = feature_names();
    std::vector<std::string> lines;
    for (Eigen::Index i = 0; i < dimension(); ++i) {
      std::string line = training_.names[std::size_t(i)] + "' =";
      bool empty = true;
      for (Eigen::Index f = 0; f < monomials_.size(); ++f) {
        const double value = double(coefficients_(f, i));
        if (value == 0) continue;
        line += empty ? (value < 0 ? " -" : " ") : (value < 0 ? " - " : " + ");
        line += detail::coefficient_text(std::abs(value), precision);
        if (monomials_.variable(f) != Monomials::none) line += ' ' + features[std::size_t(f)];
        empty = false;
      }
      lines.push_back(empty ? line + " 0" : line);
    }
    return lines;
  }

  /// Writes the derivative of the state `x` into `dxdt`. Both have `dimension()` components, which
  /// may be numbers, fixed-size Eigen arrays (lanes) or dual numbers.
  template <typename State, typename Derivative, typename Time>
  void operator()(const State& x, Derivative& dxdt, const Time&) const {
    using Element = std::remove_cvref_t<decltype(detail::component(x, 0))>;
    using Number = typename detail::NumberOf<Element>::type;
    const Term* term = terms_.data();
    const std::uint32_t* factor = factors_.data();
    std::size_t i = 0;
    for (const Component& component : components_) {
      Element rate(detail::component(x, i));  // dual numbers and lanes learn their size
      rate = Number(component.constant);
      for (const Term* last = term + component.terms; term != last; ++term) {
        Element product(Number(term->coefficient) * detail::component(x, *factor++));
        for (std::uint32_t k = 1; k < term->degree; ++k) product *= detail::component(x, *factor++);
        rate += product;
      }
      detail::component(dxdt, i++) = rate;
    }
  }

  /// Continues a history by `steps` samples at its time step, from its last sample on.
  ///
  /// Every interval is integrated afresh from the sample before it to about \f$ 10^{-13} \f$, by
  /// the Taylor series of the law; a forecast of n samples continued by one of m therefore is the
  /// forecast of n + m, bit for bit. Where the solution leaves the training region far behind or
  /// blows up, the forecast ends and its verdict says when.
  ///
  /// \throws DimensionMismatch, InvalidArgument for a history of another dimension, grid or time
  /// step
  ///         than the training; ConvergenceFailure where not even the first sample can be foreseen.
  Forecast<Scalar> forecast(const TrajectoryView<Scalar>& history, Eigen::Index steps) const {
    const double step = almagest::detail::check_history(training_, context(), history, steps,
                                                        "sindy::Model::forecast");
    almagest::detail::ForecastRecorder<Scalar> recorder(training_, history, step, steps);
    detail::PolynomialFlow<double> flow(monomials_, coefficients_.template cast<double>());
    Eigen::VectorXd x = history[history.size() - 1].template cast<double>();
    Eigen::VectorX<Scalar> sample(dimension());
    for (Eigen::Index k = 0; k < steps; ++k) {
      if (const char* failure = flow.advance(x, step)) {
        recorder.diverge(failure);
        break;
      }
      sample = x.template cast<Scalar>();
      if (!recorder.add(sample)) break;
      x = sample.template cast<double>();
    }
    return std::move(recorder).finish();
  }

 private:
  /// A coefficient times as many variables as its degree; `factors_` lists those of all terms in
  /// turn.
  struct Term {
    Scalar coefficient;
    std::uint32_t degree;
  };
  struct Component {
    Scalar constant = 0;
    std::uint32_t terms = 0;  ///< without the constant
  };

  void compile() {
    for (Eigen::Index i = 0; i < dimension(); ++i) {
      Component component;
      for (Eigen::Index f = 0; f < monomials_.size(); ++f) {
        const Scalar value = coefficients_(f, i);
        if (value == Scalar(0)) continue;
        if (monomials_.variable(f) == Monomials::none) {
          component.constant = value;
          continue;
        }
        const std::size_t first = factors_.size();
        for (Eigen::Index j = 0; j < dimension(); ++j)
          for (int power = exponents()(f, j); power > 0; --power)
            factors_.push_back(std::uint32_t(j));
        terms_.push_back({value, std::uint32_t(factors_.size() - first)});
        ++component.terms;
      }
      components_.push_back(component);
    }
  }

  Polynomial library_;
  Monomials monomials_;
  Matrix coefficients_;
  TrainingFacts training_;
  FitReport report_;
  // The right-hand side, compiled to what is not zero.
  std::vector<Term> terms_;
  std::vector<std::uint32_t> factors_;
  std::vector<Component> components_;
};

static_assert(Forecaster<Model<double>>);
static_assert(VectorField<Model<double>, Eigen::VectorXd>);

}  // namespace almagest::inline ALMAGEST_ABI::sindy
