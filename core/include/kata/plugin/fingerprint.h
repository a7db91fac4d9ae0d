// SPDX-License-Identifier: Apache-2.0
//
// The build's fingerprint, like the kernel's vermagic: two builds with equal text lay out std::
// types and the interfaces alike. The compiler's brand is left out on purpose: g++ and clang++ with
// one libstdc++ agree.
#pragma once

#include <version>

#include "kata/plugin/digest.h"  // generated: KATA_INTERFACE_<Type>, KATA_DIGEST_<Type>

#if defined(__x86_64__)
#define KATA_FP_ARCH "x86_64"
#elif defined(__aarch64__)
#define KATA_FP_ARCH "aarch64"
#else
#define KATA_FP_ARCH "other"
#endif

#if defined(_LIBCPP_VERSION)
#define KATA_FP_STDLIB " libc++"
#elif defined(_GLIBCXX_USE_CXX11_ABI) && _GLIBCXX_USE_CXX11_ABI
#define KATA_FP_STDLIB " libstdc++/cxx11"
#else
#define KATA_FP_STDLIB " libstdc++/cxx98"
#endif

#if defined(_GLIBCXX_DEBUG)
#define KATA_FP_DEBUG " debug-containers"
#else
#define KATA_FP_DEBUG ""
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#if __has_feature(thread_sanitizer) && !defined(__SANITIZE_THREAD__)
#define __SANITIZE_THREAD__ 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define KATA_FP_SANITIZER " asan"
#elif defined(__SANITIZE_THREAD__)
#define KATA_FP_SANITIZER " tsan"
#else
#define KATA_FP_SANITIZER ""
#endif

#define KATA_FINGERPRINT(Interface) \
  KATA_FP_ARCH KATA_FP_STDLIB KATA_FP_DEBUG KATA_FP_SANITIZER " sdk:" KATA_DIGEST_##Interface
