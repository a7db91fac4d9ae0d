// SPDX-License-Identifier: Apache-2.0
//
// The library that missing_dependency is linked with and that the tests do not install.
extern "C" __attribute__((visibility("default"))) int function_of_the_dependency() { return 1; }
