// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// The factor \f$ F_r = P_r^\top\,\mathrm{blockdiag}(F_n, F_n) \begin{pmatrix} I & I \\ D & -D \end{pmatrix} \f$
/// of size r = 2n: a step of the radix-2 Fourier transform with a diagonal D that is learned, and at the
/// end a dense core. \f$ P_r^\top \f$ puts the results of the halves at even and odd places. With the
/// twiddle factors for D and the transform of the core's size it is the Fourier transform itself.
///
/// `depth` halvings: \f$ 1.5\,r \f$ operations each, and the core of size \f$ m = r / 2^\text{depth} \f$
/// costs \f$ 2 r m \f$. Both halves of a block share what is below them. Parameters: the diagonals, longest
/// first, and the core column by column, \f$ r - m + m^2 \f$ in all. Number is real or complex.
template <typename Number>
class DftLike {
 public:
  using Matrix = Eigen::Matrix<Number, Eigen::Dynamic, Eigen::Dynamic>;

  /// \throws InvalidArgument for a size that cannot be halved so often.
  DftLike(Eigen::Index size, int depth) : size_(size), depth_(depth) {
    using almagest::detail::text;
    if (depth < 1) throw InvalidArgument(text("DftLike: depth is ", depth, "; give at least 1."));
    if (size < 2 || depth > 40 || size % (Eigen::Index(1) << depth) != 0)
      throw InvalidArgument(text("DftLike: a size of ", size, " cannot be halved ", depth, " times; lower the depth."));
    // Where the results end up: the last halving decides the highest bit of the place within a core's row.
    for (Eigen::Index block = 0; block < size / core(); ++block) {
      Eigen::Index place = 0;
      for (int s = 0; s < depth; ++s) place |= (block >> (depth - 1 - s) & 1) << s;
      for (Eigen::Index c = 0; c < core(); ++c) places_.push_back(place + (c << depth));
    }
  }

  Eigen::Index size() const { return size_; }
  int depth() const { return depth_; }
  Eigen::Index core() const { return size_ >> depth_; }
  Eigen::Index parameters() const { return size_ - core() + core() * core(); }
  double flops() const { return 1.5 * depth_ * double(size_) + 2.0 * double(size_) * double(core()); }
  /// Rows that a pass keeps for its derivative.
  Eigen::Index kept() const { return (depth_ + 1) * size_ + core(); }

  /// y = F x, column by column. `kept` is `kept() x batch`.
  void forward(const Number* parameters, const Eigen::Ref<const Matrix>& x, Eigen::Ref<Matrix> y,
               Eigen::Ref<Matrix> kept) const {
    for (Eigen::Index b = 0; b < x.cols(); ++b) {
      Number* stage = kept.col(b).data();
      for (Eigen::Index k = 0; k < size_; ++k) stage[k] = x(k, b);
      const Number* d = parameters;
      for (int s = 0; s < depth_; ++s, stage += size_) {
        const Eigen::Index r = size_ >> s, n = r / 2;
        for (Eigen::Index first = 0; first < size_; first += r) butterfly(stage + first, stage + size_ + first, d, n);
        d += n;
      }
    }
    mix(parameters, kept.middleRows(depth_ * size_, size_), y, kept.bottomRows(core()));
  }

  /// From `dy`, the gradient by y, writes that by x into `dx` and adds that by the parameters.
  void backward(const Number* parameters, const Eigen::Ref<const Matrix>& kept, const Eigen::Ref<const Matrix>& dy,
                Eigen::Ref<Matrix> dx, Number* gradient) const {
    const Eigen::Index m = core(), blocks = size_ / m;
    const Eigen::Map<const Matrix> dense(parameters + size_ - m, m, m);
    Eigen::Map<Matrix> dense_gradient(gradient + size_ - m, m, m);
    Matrix results(m, dy.cols());
    for (Eigen::Index block = 0; block < blocks; ++block) {
      for (Eigen::Index c = 0; c < m; ++c) results.row(c) = dy.row(places_[std::size_t(block * m + c)]);
      dense_gradient.noalias() += results * kept.middleRows(depth_ * size_ + block * m, m).transpose();
      dx.middleRows(block * m, m).noalias() = dense.transpose() * results;
    }
    for (Eigen::Index b = 0; b < dy.cols(); ++b) {
      const Number* d = parameters + size_ - m;
      Number* dg = gradient + size_ - m;
      for (int s = depth_ - 1; s >= 0; --s) {
        const Eigen::Index r = size_ >> s, n = r / 2;
        d -= n, dg -= n;
        const Number* stage = kept.col(b).data() + s * size_;
        for (Eigen::Index first = 0; first < size_; first += r)
          unfold(stage + first, dx.col(b).data() + first, d, dg, n);
      }
    }
  }

  /// y = F x without keeping anything but scratch of the size of y.
  void apply(const Number* parameters, const Eigen::Ref<const Matrix>& x, Eigen::Ref<Matrix> y, Matrix& scratch) const {
    scratch.resize(kept(), x.cols());
    forward(parameters, x, y, scratch);
  }

 private:
  static void butterfly(const Number* in, Number* out, const Number* d, Eigen::Index n) {
    for (Eigen::Index k = 0; k < n; ++k) {
      const Number a = in[k], b = in[n + k];
      out[k] = a + b;
      out[n + k] = d[k] * (a - b);
    }
  }
  /// The adjoint of butterfly, in place on the gradient.
  static void unfold(const Number* in, Number* gradient, const Number* d, Number* by_d, Eigen::Index n) {
    for (Eigen::Index k = 0; k < n; ++k) {
      const Number top = gradient[k], bottom = gradient[n + k];
      by_d[k] += bottom * (in[k] - in[n + k]);
      gradient[k] = top + d[k] * bottom;
      gradient[n + k] = top - d[k] * bottom;
    }
  }
  /// The core on every block, and the order of the results.
  template <typename Stage, typename Results>
  void mix(const Number* parameters, const Stage& stage, Eigen::Ref<Matrix> y, Results&& results) const {
    const Eigen::Index m = core();
    const Eigen::Map<const Matrix> dense(parameters + size_ - m, m, m);
    for (Eigen::Index block = 0; block < size_ / m; ++block) {
      results.noalias() = dense * stage.middleRows(block * m, m);
      for (Eigen::Index c = 0; c < m; ++c) y.row(places_[std::size_t(block * m + c)]) = results.row(c);
    }
  }

  Eigen::Index size_;
  int depth_;
  std::vector<Eigen::Index> places_;
};

}  // namespace almagest::inline ALMAGEST_ABI::neural
