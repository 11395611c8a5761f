// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <memory>
#include <utility>

#include "almagest/neural/rate_layers.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// \f$ f(x) + g_e(x) \f$ where the columns of a batch lie environment by environment, as many of each. Either part
/// may be missing. Parameters: those of f, then those of every \f$ g_e \f$.
template <typename Scalar>
class EnvironmentSum final : public Layer<Scalar> {
 public:
  using Base = Layer<Scalar>;
  using typename Base::Gradient, typename Base::In, typename Base::Matrix, typename Base::Out,
      typename Base::Parameters;
  using Part = std::shared_ptr<const Chain<Scalar>>;

  EnvironmentSum(Part shared, Part own, Eigen::Index environments)
      : Base((shared ? shared : own)->inputs(), (shared ? shared : own)->outputs(),
             (shared ? shared->parameters() : 0) + (own ? environments * own->parameters() : 0)),
        shared_(std::move(shared)),
        own_(std::move(own)),
        environments_(environments) {}

  const Part& shared() const { return shared_; }
  const Part& own() const { return own_; }
  Eigen::Index environments() const { return environments_; }
  Eigen::Index own_offset(Eigen::Index e) const {
    return (shared_ ? shared_->parameters() : 0) + e * own_->parameters();
  }

  Eigen::Index kept() const override { return (shared_ ? shared_->kept() : 0) + (own_ ? own_->kept() : 0); }
  double flops() const override {
    return (shared_ ? shared_->flops() : 0) + (own_ ? own_->flops() : 0) +
           (shared_ && own_ ? double(this->outputs()) : 0);
  }
  void initialize(Gradient parameters, RandomStream& random) const override {
    if (shared_) shared_->initialize(parameters.head(shared_->parameters()), random);
    for (Eigen::Index e = 0; own_ && e < environments_; ++e)
      own_->initialize(parameters.segment(own_offset(e), own_->parameters()), random);
  }
  void forward(const Parameters& parameters, const In& x, Out y, Out kept) const override {
    if (shared_)
      shared_->forward(parameters.head(shared_->parameters()), x, y, kept.topRows(shared_->kept()));
    else
      y.setZero();
    if (!own_) return;
    const Eigen::Index each = x.cols() / environments_;
    Matrix out(this->outputs(), each);
    for (Eigen::Index e = 0; e < environments_; ++e) {
      own_->forward(parameters.segment(own_offset(e), own_->parameters()), x.middleCols(e * each, each), out,
                    kept.bottomRows(own_->kept()).middleCols(e * each, each));
      y.middleCols(e * each, each) += out;
    }
  }
  void backward(const Parameters& parameters, const In& x, const In& y, const In& kept, const In& dy, Out dx,
                Gradient gradient) const override {
    if (shared_)
      shared_->backward(parameters.head(shared_->parameters()), x, y, kept.topRows(shared_->kept()), dy, dx,
                        gradient.head(shared_->parameters()));
    else
      dx.setZero();
    if (!own_) return;
    const Eigen::Index each = x.cols() / environments_;
    Matrix in(this->inputs(), each);
    for (Eigen::Index e = 0; e < environments_; ++e) {
      const Eigen::Index first = e * each;
      own_->backward(parameters.segment(own_offset(e), own_->parameters()), x.middleCols(first, each),
                     y.middleCols(first, each), kept.bottomRows(own_->kept()).middleCols(first, each),
                     dy.middleCols(first, each), in, gradient.segment(own_offset(e), own_->parameters()));
      dx.middleCols(first, each) += in;
    }
  }
  void tangent(const Parameters& parameters, const In& x, const In& y, const In& kept, const In& dx,
               Out dy) const override {
    if (shared_)
      shared_->tangent(parameters.head(shared_->parameters()), x, y, kept.topRows(shared_->kept()), dx, dy);
    else
      dy.setZero();
    if (!own_) return;
    const Eigen::Index each = x.cols() / environments_;
    Matrix out(this->outputs(), each);
    for (Eigen::Index e = 0; e < environments_; ++e) {
      const Eigen::Index first = e * each;
      own_->tangent(parameters.segment(own_offset(e), own_->parameters()), x.middleCols(first, each),
                    y.middleCols(first, each), kept.bottomRows(own_->kept()).middleCols(first, each),
                    dx.middleCols(first, each), out);
      dy.middleCols(first, each) += out;
    }
  }

 private:
  Part shared_, own_;
  Eigen::Index environments_;
};

}  // namespace almagest::inline ALMAGEST_ABI::neural
