// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/neural/field_layer.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// How the parts of a Composite are put together.
enum class Combination {
  chain,     ///< one after the other
  sum,       ///< of all at the same x
  product,   ///< of all at the same x, entry by entry
  residual,  ///< x + sigmoid(gate) f(x), with one learned gate that starts from 0 (a half)
};

/// Layers put together to one. Parameters are those of the parts, part by part, then the gate of a residual.
/// Outputs of the parts are kept for the derivatives; a forward pass allocates nothing if theirs do not.
///
/// \throws InvalidArgument for no parts, or parts whose sizes do not fit.
template <typename Scalar>
class Composite final : public FieldLayer<Scalar> {
 public:
  using Base = FieldLayer<Scalar>;
  using typename Base::At, typename Base::Gradient, typename Base::Map, typename Base::VectorMap,
      typename Base::VectorView, typename Base::View;
  using Index = Eigen::Index;
  using Parts = std::vector<std::shared_ptr<const Layer<Scalar>>>;

  Composite(Combination how, Parts parts)
      : Base(checked(how, parts).front()->inputs(), parts.back()->outputs(),
             count(parts) + (how == Combination::residual)),
        how_(how),
        parts_(std::move(parts)) {
    for (const auto& part : parts_) {
      places_.push_back({own_, rows_, rows_ + part->kept()});
      own_ += part->parameters();
      rows_ += part->kept() + part->outputs();
    }
  }

  const Parts& parts() const { return parts_; }
  Index kept() const override { return rows_; }
  double flops() const override {
    double all = how_ == Combination::chain ? 0 : double(this->outputs()) * double(parts_.size());
    for (const auto& part : parts_) all += part->flops();
    return all;
  }
  void initialize(Gradient parameters, RandomStream& random) const override {
    for (std::size_t k = 0; k < parts_.size(); ++k)
      parts_[k]->initialize(parameters.segment(places_[k].parameters, parts_[k]->parameters()), random);
    if (how_ == Combination::residual) parameters[own_] = 0;
  }

 protected:
  void run(const Scalar* parameters, const Scalar* x, Scalar* y, Scalar* kept, Index batch) const override {
    const Scalar* in = x;
    for (std::size_t k = 0; k < parts_.size(); ++k) {
      const auto& part = *parts_[k];
      Map space(kept + places_[k].kept * batch, part.kept(), batch),
          out(kept + places_[k].output * batch, part.outputs(), batch);
      part.forward(own(parameters, k), View(in, part.inputs(), batch), out, space);
      if (how_ == Combination::chain) in = out.data();
    }
    Map to(y, this->outputs(), batch);
    to = output(kept, parts_.size() - 1, batch);
    if (how_ == Combination::residual) to = View(x, this->inputs(), batch) + gate(parameters) * to;
    if (how_ != Combination::sum && how_ != Combination::product) return;
    for (std::size_t k = 0; k + 1 < parts_.size(); ++k)
      if (how_ == Combination::sum)
        to += output(kept, k, batch);
      else
        to.array() *= output(kept, k, batch).array();
  }
  void back(const At& at, const Scalar* dy, Scalar* dx, Scalar* gradient, Index batch) const override {
    const View by_y(dy, this->outputs(), batch);
    Map by_x(dx, this->inputs(), batch);
    Eigen::MatrixX<Scalar> from = by_y, to;
    if (how_ == Combination::residual) {
      const Scalar g = gate(at.parameters);
      gradient[own_] += g * (1 - g) * by_y.cwiseProduct(output(at.kept, 0, batch)).sum();
      from *= g;
      by_x = by_y;
    } else {
      by_x.setZero();
    }
    for (std::size_t k = parts_.size(); k-- > 0;) {
      const auto& part = *parts_[k];
      if (how_ == Combination::product) {
        from = by_y;
        for (std::size_t j = 0; j < parts_.size(); ++j)
          if (j != k) from.array() *= output(at.kept, j, batch).array();
      }
      to.resize(part.inputs(), batch);
      VectorMap change(gradient + places_[k].parameters, part.parameters());
      part.backward(own(at.parameters, k), input(at, k, batch), output(at.kept, k, batch), space(at.kept, k, batch),
                    from, to, change);
      if (how_ == Combination::chain)
        from.swap(to);
      else
        by_x += to;
    }
    if (how_ == Combination::chain) by_x = from;
  }
  void push(const At& at, const Scalar* dx, Scalar* dy, Index batch) const override {
    Eigen::MatrixX<Scalar> from = View(dx, this->inputs(), batch), out;
    Map to(dy, this->outputs(), batch);
    if (how_ == Combination::residual)
      to = from;
    else
      to.setZero();
    for (std::size_t k = 0; k < parts_.size(); ++k) {
      out.resize(parts_[k]->outputs(), batch);
      parts_[k]->tangent(own(at.parameters, k), input(at, k, batch), output(at.kept, k, batch),
                         space(at.kept, k, batch), from, out);
      if (how_ == Combination::product)
        for (std::size_t j = 0; j < parts_.size(); ++j)
          if (j != k) out.array() *= output(at.kept, j, batch).array();
      if (how_ == Combination::chain)
        from.swap(out);
      else if (how_ == Combination::residual)
        to += gate(at.parameters) * out;
      else
        to += out;
    }
    if (how_ == Combination::chain) to = from;
  }

 private:
  struct Place {
    Index parameters, kept, output;
  };

  static const Parts& checked(Combination how, const Parts& parts) {
    using almagest::detail::text;
    if (parts.empty()) throw InvalidArgument("Composite: no parts; give at least 1 layer.");
    for (std::size_t k = 1; k < parts.size(); ++k) {
      const bool chain = how == Combination::chain;
      const Index given = parts[k]->inputs(), wanted = chain ? parts[k - 1]->outputs() : parts[0]->inputs();
      if (given != wanted || (!chain && parts[k]->outputs() != parts[0]->outputs()))
        throw InvalidArgument(text("Composite: part ", k, " takes ", given, " numbers and gives ", parts[k]->outputs(),
                                   ", which does not fit the parts before it; give layers that fit."));
    }
    if (how == Combination::residual && (parts.size() > 1 || parts[0]->inputs() != parts[0]->outputs()))
      throw InvalidArgument("Composite: a residual has one part with as many outputs as inputs; chain several first.");
    return parts;
  }
  static Index count(const Parts& parts) {
    Index all = 0;
    for (const auto& part : parts) all += part->parameters();
    return all;
  }
  Scalar gate(const Scalar* parameters) const { return Scalar(1) / (Scalar(1) + std::exp(-parameters[own_])); }
  VectorView own(const Scalar* parameters, std::size_t k) const {
    return VectorView(parameters + places_[k].parameters, parts_[k]->parameters());
  }
  View output(const Scalar* kept, std::size_t k, Index batch) const {
    return View(kept + places_[k].output * batch, parts_[k]->outputs(), batch);
  }
  View space(const Scalar* kept, std::size_t k, Index batch) const {
    return View(kept + places_[k].kept * batch, parts_[k]->kept(), batch);
  }
  View input(const At& at, std::size_t k, Index batch) const {
    return how_ == Combination::chain && k > 0 ? output(at.kept, k - 1, batch) : View(at.x, this->inputs(), batch);
  }

  Combination how_;
  Parts parts_;
  std::vector<Place> places_;
  Index own_ = 0, rows_ = 0;
};

/// A layer that takes a batch a few samples at a time, so that what passes between its parts stays in the second-level
/// cache. The numbers are the same up to rounding.
template <typename Scalar>
class InPieces final : public FieldLayer<Scalar> {
 public:
  using Base = FieldLayer<Scalar>;
  using typename Base::At, typename Base::Gradient, typename Base::Map, typename Base::VectorMap,
      typename Base::VectorView, typename Base::View;
  using Index = Eigen::Index;

  explicit InPieces(std::shared_ptr<const Layer<Scalar>> layer)
      : Base(layer->inputs(), layer->outputs(), layer->parameters()), layer_(std::move(layer)),
        piece_(std::clamp<Index>(Index(std::size_t(1) << 21) / (Index(sizeof(Scalar)) * (layer_->kept() + 1)), 1, 8)) {}

  Index kept() const override { return layer_->kept(); }
  double flops() const override { return layer_->flops(); }
  void initialize(Gradient parameters, RandomStream& random) const override { layer_->initialize(parameters, random); }

 protected:
  void run(const Scalar* parameters, const Scalar* x, Scalar* y, Scalar* kept, Index batch) const override {
    in_pieces(batch, [&](Index b, Index count) {
      Map out(y + b * this->outputs(), this->outputs(), count), space(kept + b * layer_->kept(), layer_->kept(), count);
      layer_->forward(own(parameters), View(x + b * this->inputs(), this->inputs(), count), out, space);
    });
  }
  void back(const At& at, const Scalar* dy, Scalar* dx, Scalar* gradient, Index batch) const override {
    VectorMap change(gradient, this->parameters());
    in_pieces(batch, [&](Index b, Index count) {
      Map by_x(dx + b * this->inputs(), this->inputs(), count);
      layer_->backward(own(at.parameters), input(at, b, count), output(at, b, count), space(at, b, count),
                       View(dy + b * this->outputs(), this->outputs(), count), by_x, change);
    });
  }
  void push(const At& at, const Scalar* dx, Scalar* dy, Index batch) const override {
    in_pieces(batch, [&](Index b, Index count) {
      Map out(dy + b * this->outputs(), this->outputs(), count);
      layer_->tangent(own(at.parameters), input(at, b, count), output(at, b, count), space(at, b, count),
                      View(dx + b * this->inputs(), this->inputs(), count), out);
    });
  }

 private:
  VectorView own(const Scalar* parameters) const { return VectorView(parameters, this->parameters()); }
  View input(const At& at, Index b, Index count) const {
    return View(at.x + b * this->inputs(), this->inputs(), count);
  }
  View output(const At& at, Index b, Index count) const {
    return View(at.y + b * this->outputs(), this->outputs(), count);
  }
  View space(const At& at, Index b, Index count) const {
    return View(at.kept + b * layer_->kept(), layer_->kept(), count);
  }
  template <typename Work>
  void in_pieces(Index batch, const Work& work) const {
    for (Index b = 0; b < batch; b += piece_) work(b, std::min(piece_, batch - b));
  }

  std::shared_ptr<const Layer<Scalar>> layer_;
  Index piece_;
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT Composite<float>;
extern template class ALMAGEST_EXPORT Composite<double>;
extern template class ALMAGEST_EXPORT InPieces<float>;
extern template class ALMAGEST_EXPORT InPieces<double>;
#endif

}  // namespace almagest::inline ALMAGEST_ABI::neural
