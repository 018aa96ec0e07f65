/** The system calls that no command may make, with their numbers: `arch/x86/entry/syscalls/syscall_64.tbl` and `asm-generic/unistd.h` of the kernel. */

export type Architecture = 'x64' | 'arm64';

/** The numbers of a call by architecture; null where it does not exist. */
type Numbers = Readonly<Record<Architecture, number | null>>;
const at = (x64: number | null, arm64: number | null = x64): Numbers => ({ x64, arm64 });

/** Refused whatever their arguments. Beside each group what it would open. */
export const REFUSED: Readonly<Record<string, Numbers>> = {
  // A second way to make system calls, which no filter sees.
  io_uring_setup: at(425),
  io_uring_enter: at(426),
  io_uring_register: at(427),
  // Other processes' memory and descriptors.
  ptrace: at(101, 117),
  process_vm_readv: at(310, 270),
  process_vm_writev: at(311, 271),
  process_madvise: at(440),
  pidfd_getfd: at(438),
  kcmp: at(312, 272),
  // Keys of the kernel, which namespaces do not divide.
  add_key: at(248, 217),
  request_key: at(249, 218),
  keyctl: at(250, 219),
  // Programs in the kernel, and what helps to exploit it.
  bpf: at(321, 280),
  perf_event_open: at(298, 241),
  userfaultfd: at(323, 282),
  // Mounts and other namespaces.
  mount: at(165, 40),
  umount2: at(166, 39),
  pivot_root: at(155, 41),
  chroot: at(161, 51),
  move_mount: at(429),
  open_tree: at(428),
  fsopen: at(430),
  fsconfig: at(431),
  fsmount: at(432),
  fspick: at(433),
  mount_setattr: at(442),
  open_tree_attr: at(467),
  setns: at(308, 268),
  // Files by handle, past the mounts.
  open_by_handle_at: at(304, 265),
  // The kernel itself, its log, its clock.
  kexec_load: at(246, 104),
  kexec_file_load: at(320, 294),
  init_module: at(175, 105),
  finit_module: at(313, 273),
  delete_module: at(176, 106),
  reboot: at(169, 142),
  swapon: at(167, 224),
  swapoff: at(168, 225),
  syslog: at(103, 116),
  acct: at(163, 89),
  quotactl: at(179, 60),
  quotactl_fd: at(443),
  settimeofday: at(164, 170),
  clock_settime: at(227, 112),
  iopl: at(172, null),
  ioperm: at(173, null),
  modify_ldt: at(154, null),
};

/** Judged by their arguments. */
export const JUDGED = {
  clone: at(56, 220),
  clone3: at(435),
  unshare: at(272, 97),
  socket: at(41, 198),
  socketpair: at(53, 199),
  ioctl: at(16, 29),
} as const satisfies Record<string, Numbers>;

/** `CLONE_NEW*` of `linux/sched.h`; of `clone` its low byte is the signal, so that `CLONE_NEWTIME` (0x80) is only `unshare`'s. */
export const NEW_NAMESPACES = 0x7e020000;
export const NEW_TIME = 0x80;

/** Families of sockets that are allowed: `AF_UNIX`, `AF_INET`, `AF_INET6`, and of `AF_NETLINK` the protocol that lists interfaces. */
export const FAMILIES = [1, 2, 10] as const;
export const NETLINK = { family: 16, route: 0 } as const;

/** Requests of `ioctl` that put words into a terminal: `TIOCSTI`, `TIOCLINUX`. */
export const TERMINAL_INPUT = [0x5412, 0x541c] as const;
