/* SPDX-License-Identifier: Apache-2.0 */
/* PID 1 of the bare guest that bench/vm_run compares with: says READY and ends the machine. */
#include <sys/reboot.h>
#include <unistd.h>

int main(void) {
  const char ready[] = "READY\n";
  if (write(1, ready, sizeof ready - 1) < 0) return 1;
  return reboot(RB_AUTOBOOT);
}
