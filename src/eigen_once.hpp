// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Eigen's kernels and decompositions of matrices of doubles, compiled once (eigen_once.cpp) for all that is built here.
/// Whatever used them compiled them again, at a sixth to a quarter of its time. Our own targets read this before
/// anything else; no header of the library does, so no user needs it.

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <Eigen/QR>
#include <Eigen/SVD>

#ifndef ALMAGEST_EIGEN_ONCE
#define ALMAGEST_EIGEN_ONCE extern
#endif

// Names of Eigen's own, so of this series alone.
#if !EIGEN_VERSION_AT_LEAST(3, 4, 90)
namespace Eigen::internal {

using OnceTraits = gebp_traits<double, double>;
template <int storage>
using OnceConst = const_blas_data_mapper<double, Index, storage>;

ALMAGEST_EIGEN_ONCE template struct gebp_kernel<double, double, Index, blas_data_mapper<double, Index, ColMajor, 0, 1>,
                                                OnceTraits::mr, OnceTraits::nr, false, false>;
ALMAGEST_EIGEN_ONCE template struct gemm_pack_lhs<double, Index, OnceConst<ColMajor>, OnceTraits::mr,
                                                  OnceTraits::LhsProgress, OnceTraits::LhsPacket4Packing, ColMajor>;
ALMAGEST_EIGEN_ONCE template struct gemm_pack_lhs<double, Index, OnceConst<RowMajor>, OnceTraits::mr,
                                                  OnceTraits::LhsProgress, OnceTraits::LhsPacket4Packing, RowMajor>;
ALMAGEST_EIGEN_ONCE template struct gemm_pack_rhs<double, Index, OnceConst<ColMajor>, OnceTraits::nr, ColMajor>;
ALMAGEST_EIGEN_ONCE template struct gemm_pack_rhs<double, Index, OnceConst<RowMajor>, OnceTraits::nr, RowMajor>;
ALMAGEST_EIGEN_ONCE template struct general_matrix_vector_product<Index, double, OnceConst<ColMajor>, ColMajor, false,
                                                                  double, OnceConst<ColMajor>, false>;
ALMAGEST_EIGEN_ONCE template struct general_matrix_vector_product<Index, double, OnceConst<ColMajor>, ColMajor, false,
                                                                  double, OnceConst<RowMajor>, false>;
ALMAGEST_EIGEN_ONCE template struct general_matrix_vector_product<Index, double, OnceConst<RowMajor>, RowMajor, false,
                                                                  double, OnceConst<ColMajor>, false>;
ALMAGEST_EIGEN_ONCE template struct general_matrix_vector_product<Index, double, OnceConst<RowMajor>, RowMajor, false,
                                                                  double, OnceConst<RowMajor>, false, 1>;

}  // namespace Eigen::internal
#endif

namespace Eigen {

ALMAGEST_EIGEN_ONCE template class LLT<MatrixXd>;
ALMAGEST_EIGEN_ONCE template class LDLT<MatrixXd>;
ALMAGEST_EIGEN_ONCE template class PartialPivLU<MatrixXd>;
ALMAGEST_EIGEN_ONCE template class HouseholderQR<MatrixXd>;
ALMAGEST_EIGEN_ONCE template class ColPivHouseholderQR<MatrixXd>;
ALMAGEST_EIGEN_ONCE template class CompleteOrthogonalDecomposition<MatrixXd>;
ALMAGEST_EIGEN_ONCE template class JacobiSVD<MatrixXd>;
ALMAGEST_EIGEN_ONCE template class BDCSVD<MatrixXd>;
ALMAGEST_EIGEN_ONCE template class SelfAdjointEigenSolver<MatrixXd>;
ALMAGEST_EIGEN_ONCE template class RealSchur<MatrixXd>;
ALMAGEST_EIGEN_ONCE template class EigenSolver<MatrixXd>;
ALMAGEST_EIGEN_ONCE template class ComplexSchur<MatrixXcd>;
ALMAGEST_EIGEN_ONCE template class ComplexEigenSolver<MatrixXcd>;

}  // namespace Eigen
