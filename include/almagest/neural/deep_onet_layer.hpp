// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <memory>
#include <utility>

#include "almagest/core/errors.hpp"
#include "almagest/neural/field_layer.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// The product of two networks: \f$ y_c(j) = \sum_p B_{pc}(x)\, T_p(\xi_j) + b_c \f$. The branch B sees the input at
/// its sensors, the trunk T the coordinates of a point of the output.
///
/// Parameters: of the branch, of the trunk, then b. The trunk is evaluated once a pass, for all samples together.
///
/// \throws InvalidArgument where the branch's outputs are no multiple of the trunk's.
/// L. Lu et al. 2021, https://doi.org/10.1038/s42256-021-00302-5
template <typename Scalar>
class DeepOnetLayer final : public FieldLayer<Scalar> {
 public:
  using Base = FieldLayer<Scalar>;
  using typename Base::At, typename Base::Gradient, typename Base::Map, typename Base::VectorMap,
      typename Base::VectorView, typename Base::View;
  using Index = Eigen::Index;
  using Part = std::shared_ptr<const Layer<Scalar>>;

  /// `coordinates`: a column for every axis, a row for every point of the output.
  DeepOnetLayer(Part branch, Part trunk, const Eigen::MatrixX<Scalar>& coordinates)
      : Base(branch->inputs(), branch->outputs() / trunk->outputs() * coordinates.rows(),
             branch->parameters() + trunk->parameters() + branch->outputs() / trunk->outputs()),
        branch_(std::move(branch)),
        trunk_(std::move(trunk)),
        places_(coordinates.transpose()),
        terms_(trunk_->outputs()),
        channels_(branch_->outputs() / terms_) {
    if (branch_->outputs() % terms_ != 0)
      throw InvalidArgument("DeepOnetLayer: the branch's outputs are no multiple of the trunk's; give a multiple.");
  }

  Index kept() const override { return branch_->kept() + branch_->outputs(); }
  double flops() const override {
    const double points = double(places_.cols());
    return branch_->flops() + trunk_->flops() * points + 2 * double(branch_->outputs()) * points;
  }
  void initialize(Gradient parameters, RandomStream& random) const override {
    branch_->initialize(parameters.head(branch_->parameters()), random);
    trunk_->initialize(parameters.segment(branch_->parameters(), trunk_->parameters()), random);
    parameters.tail(channels_).setZero();
  }

 protected:
  void run(const Scalar* parameters, const Scalar* x, Scalar* y, Scalar* kept, Index batch) const override {
    Map space(kept, branch_->kept(), batch), terms(kept + branch_->kept() * batch, branch_->outputs(), batch);
    branch_->forward(VectorView(parameters, branch_->parameters()), View(x, this->inputs(), batch), terms, space);
    const Trunk trunk = at_places(parameters);
    expand(terms, trunk.out, y, batch);
    const VectorView bias(parameters + this->parameters() - channels_, channels_);
    for (Index b = 0; b < batch; ++b)
      Map(y + b * this->outputs(), places_.cols(), channels_).rowwise() += bias.transpose();
  }
  void push(const At& at, const Scalar* dx, Scalar* dy, Index batch) const override {
    Eigen::MatrixX<Scalar> change(branch_->outputs(), batch);
    branch_->tangent(VectorView(at.parameters, branch_->parameters()), View(at.x, this->inputs(), batch),
                     terms(at, batch), View(at.kept, branch_->kept(), batch), View(dx, this->inputs(), batch), change);
    expand(change, at_places(at.parameters).out, dy, batch);
  }
  void back(const At& at, const Scalar* dy, Scalar* dx, Scalar* gradient, Index batch) const override {
    const Trunk trunk = at_places(at.parameters);
    const Index points = places_.cols(), fields = channels_ * batch;
    const View by_y(dy, points, fields), seen(terms(at, batch).data(), terms_, fields);
    VectorMap(gradient + this->parameters() - channels_, channels_) +=
        View(by_y.colwise().sum().eval().data(), channels_, batch).rowwise().sum();
    Eigen::MatrixX<Scalar> by_terms = trunk.out * by_y, by_trunk = seen * by_y.transpose(),
                           unused(places_.rows(), points);
    VectorMap own(gradient, branch_->parameters()), other(gradient + branch_->parameters(), trunk_->parameters());
    Map by_x(dx, this->inputs(), batch);
    branch_->backward(VectorView(at.parameters, branch_->parameters()), View(at.x, this->inputs(), batch),
                      terms(at, batch), View(at.kept, branch_->kept(), batch),
                      View(by_terms.data(), branch_->outputs(), batch), by_x, own);
    trunk_->backward(trunk_parameters(at.parameters), places_, trunk.out, trunk.kept, by_trunk, unused, other);
  }

 private:
  struct Trunk {
    Eigen::MatrixX<Scalar> out, kept;
  };
  VectorView trunk_parameters(const Scalar* parameters) const {
    return VectorView(parameters + branch_->parameters(), trunk_->parameters());
  }
  Trunk at_places(const Scalar* parameters) const {
    Trunk made{Eigen::MatrixX<Scalar>(terms_, places_.cols()), Eigen::MatrixX<Scalar>(trunk_->kept(), places_.cols())};
    trunk_->forward(trunk_parameters(parameters), places_, made.out, made.kept);
    return made;
  }
  View terms(const At& at, Index batch) const {
    return View(at.kept + branch_->kept() * batch, branch_->outputs(), batch);
  }
  template <typename Terms>
  void expand(const Terms& terms, const Eigen::MatrixX<Scalar>& trunk, Scalar* y, Index batch) const {
    Map(y, places_.cols(), channels_ * batch).noalias() =
        trunk.transpose() * View(terms.data(), terms_, channels_ * batch);
  }

  Part branch_, trunk_;
  Eigen::MatrixX<Scalar> places_;
  Index terms_, channels_;
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT DeepOnetLayer<float>;
extern template class ALMAGEST_EXPORT DeepOnetLayer<double>;
#endif

}  // namespace almagest::inline ALMAGEST_ABI::neural
