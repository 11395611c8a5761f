// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <complex>

#include "almagest/fft/buffer.hpp"
#include "almagest/fft/real_transform.hpp"
#include "almagest/linalg/hankel_operator.hpp"
#include "almagest/linalg/linear_operator.hpp"
#include "almagest/linalg/toeplitz_operator.hpp"

namespace almagest::inline ALMAGEST_ABI::linalg::detail {

/// \f$ G = s^2 H^\top H \f$ of a Hankel operator, for a scale s, in products of a few transforms of
/// 2 d points, whatever the count of samples.
///
/// Moving down its diagonals, G changes at the ends of the runs only:
/// \f[ G_{(i+1)a,(j+1)b} = G_{ia,jb} + \sum_\text{runs} p_a(i) p_b(j) - q_a(i) q_b(j), \f]
/// q the first d - 1 samples of a run and p those from its count of windows on. Hence G is block
/// Toeplitz, given by its first block row, plus \f$ P P^\top - Q Q^\top \f$ for each run, lower
/// triangular Toeplitz matrices with p and q in their columns.
///
/// Squares: values below \f$ \sqrt\varepsilon \sigma_1 \f$ are lost in it.
///
/// Reference: T. Kailath, S.-Y. Kung, M. Morf, Displacement ranks of matrices and linear equations,
/// J. Math. Anal. Appl. 68 (1979), https://doi.org/10.1016/0022-247X(79)90124-0
template <typename Scalar_>
class HankelGram {
 public:
  using Scalar = Scalar_;
  using Matrix = Eigen::MatrixX<Scalar>;
  using Complex = std::complex<Scalar>;

  HankelGram(const HankelOperator<Scalar>& h, Scalar scale)
      : channels_(h.channels()),
        delays_(h.delays()),
        ends_(2 * Eigen::Index(h.runs().size())),
        transform_({fft::good_size(2 * delays_)}, {.rigor = fft::Rigor::estimate}),
        toeplitz_(channels_ * channels_ * stride()),
        edges_(ends_ * channels_ * stride()) {
    fft::Buffer<Scalar> line(transform_.points());
    write_toeplitz(h, scale, line);
    Eigen::Index end = 0;
    for (const auto& run : h.runs())
      for (const Eigen::Index first : {run.first + run.windows, run.first}) {
        for (Eigen::Index a = 0; a < channels_; ++a) {
          const auto samples = h.series().row(a).segment(first, delays_ - 1).transpose();
          write_spectrum<Scalar>(transform_, scale * samples, line,
                                 edges_.data() + (end * channels_ + a) * stride());
        }
        ++end;
      }
  }

  /// Real transforms of 2 d points in a product.
  static Eigen::Index transforms(const HankelOperator<Scalar>& h) {
    return 2 * h.channels() + 4 * Eigen::Index(h.runs().size());
  }

  Eigen::Index rows() const { return channels_ * delays_; }
  Eigen::Index cols() const { return rows(); }

  void apply(const Eigen::Ref<const Matrix>& x, Eigen::Ref<Matrix> y) const {
    fft::Buffer<Scalar> line(transform_.points());
    fft::Buffer<Complex> in(channels_ * stride()), out(channels_ * stride()), inner(stride());
    const auto input = [&](Eigen::Index a) { return modes(in, a); };
    const auto output = [&](Eigen::Index a) { return modes(out, a); };
    Modes<Scalar> w = modes(inner, 0);
    for (Eigen::Index k = 0; k < x.cols(); ++k) {
      for (Eigen::Index a = 0; a < channels_; ++a)
        write_spectrum<Scalar>(transform_,
                               x.col(k)(Eigen::seqN(a, delays_, channels_)) /
                                   Scalar(transform_.points()),
                               line, input(a).data());
      for (Eigen::Index a = 0; a < channels_; ++a) {
        output(a) = toeplitz(a, 0) * input(0);
        for (Eigen::Index b = 1; b < channels_; ++b) output(a) += toeplitz(a, b) * input(b);
      }
      for (Eigen::Index end = 0; end < ends_; ++end) {
        w = edge(end, 0).conjugate() * input(0);
        for (Eigen::Index b = 1; b < channels_; ++b) w += edge(end, b).conjugate() * input(b);
        cut(inner, line);
        for (Eigen::Index a = 0; a < channels_; ++a)
          if (end % 2 == 0)
            output(a) += edge(end, a) * w;
          else
            output(a) -= edge(end, a) * w;
      }
      for (Eigen::Index a = 0; a < channels_; ++a) {
        transform_.inverse(output(a).data(), line.data());
        y.col(k)(Eigen::seqN(a, delays_, channels_)) =
            Eigen::Map<const Eigen::VectorX<Scalar>>(line.data(), delays_);
      }
    }
  }
  void apply_adjoint(const Eigen::Ref<const Matrix>& y, Eigen::Ref<Matrix> x) const { apply(y, x); }

 private:
  /// The first block row of G by products of H, since its columns are the series itself.
  void write_toeplitz(const HankelOperator<Scalar>& h, Scalar scale, fft::Buffer<Scalar>& line) {
    Matrix unit = Matrix::Zero(h.cols(), channels_), column(h.rows(), channels_);
    unit.topRows(channels_).setIdentity();
    h.apply(scale * unit, column);
    Matrix row(h.cols(), channels_);
    h.apply_adjoint(scale * column, row);
    const auto lag = [&](Eigen::Index a, Eigen::Index b) -> Eigen::VectorX<Scalar> {
      return row.col(a)(Eigen::seqN(b, delays_, channels_));
    };
    Eigen::VectorX<Scalar> around(transform_.points());
    for (Eigen::Index a = 0; a < channels_; ++a)
      for (Eigen::Index b = 0; b < channels_; ++b) {
        around.setZero();
        around.head(delays_) = lag(b, a);
        around.tail(delays_ - 1) = lag(a, b).tail(delays_ - 1).reverse();
        write_spectrum<Scalar>(transform_, around, line,
                               toeplitz_.data() + (a * channels_ + b) * stride());
      }
  }

  /// Leaves the entries 1 ... d - 1 of what the modes stand for.
  void cut(fft::Buffer<Complex>& spectrum, fft::Buffer<Scalar>& line) const {
    transform_.inverse(spectrum.data(), line.data());
    line[0] = 0;
    std::fill(line.begin() + delays_, line.end(), Scalar(0));
    for (Eigen::Index i = 1; i < delays_; ++i) line[i] /= Scalar(transform_.points());
    transform_.forward(line.data(), spectrum.data());
  }

  Eigen::Index stride() const { return (transform_.modes() + 7) / 8 * 8; }
  Modes<Scalar> modes(fft::Buffer<Complex>& lines, Eigen::Index line) const {
    return {lines.data() + line * stride(), transform_.modes()};
  }
  auto modes(const fft::Buffer<Complex>& lines, Eigen::Index line) const {
    return Eigen::Map<const Eigen::ArrayX<Complex>>(lines.data() + line * stride(),
                                                    transform_.modes());
  }
  auto toeplitz(Eigen::Index a, Eigen::Index b) const { return modes(toeplitz_, a * channels_ + b); }
  auto edge(Eigen::Index end, Eigen::Index a) const { return modes(edges_, end * channels_ + a); }

  Eigen::Index channels_, delays_, ends_;
  fft::RealTransform<Scalar> transform_;
  fft::Buffer<Complex> toeplitz_, edges_;
};

static_assert(LinearOperator<HankelGram<double>>);

}  // namespace almagest::inline ALMAGEST_ABI::linalg::detail
