/**
 * The filter of system calls that a process generator runs under, as the kernel takes it: classic BPF over `seccomp_data`
 * (call number at 0, architecture at 4, arguments from 16 on). Sources: Linux `seccomp(2)`, `linux/filter.h`,
 * `linux/audit.h`; numbers of calls from `asm/unistd_64.h` (x86-64) and `asm-generic/unistd.h` (arm64).
 */

export type Architecture = 'x64' | 'arm64'

/** What the filter does with each call besides allowing it: x86-64 number, arm64 number (-1: has no such call). */
const DENIED: Readonly<Record<string, readonly [x64: number, arm64: number]>> = {
  // other processes' memory and state
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  kcmp: [312, 272],
  pidfd_getfd: [438, 438],
  process_madvise: [440, 440],
  // file systems and namespaces
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  name_to_handle_at: [303, 264],
  open_by_handle_at: [304, 265],
  fanotify_init: [300, 262],
  setns: [308, 268],
  unshare: [272, 97],
  // sockets, and memory that no limit of a process counts
  socket: [41, 198],
  socketpair: [53, 199],
  shmget: [29, 194],
  shmat: [30, 196],
  shmctl: [31, 195],
  msgget: [68, 186],
  semget: [64, 190],
  mq_open: [240, 180],
  memfd_create: [319, 279],
  memfd_secret: [447, 447],
  // large and seldom needed parts of the kernel
  keyctl: [250, 219],
  add_key: [248, 217],
  request_key: [249, 218],
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  lookup_dcookie: [212, 18],
  nfsservctl: [180, 42],
  mbind: [237, 235],
  set_mempolicy: [238, 237],
  move_pages: [279, 239],
  migrate_pages: [256, 238],
  modify_ldt: [154, -1],
  uselib: [134, -1],
  ustat: [136, -1],
  sysfs: [139, -1],
  // the machine itself
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  swapon: [167, 224],
  swapoff: [168, 225],
  reboot: [169, 142],
  acct: [163, 89],
  quotactl: [179, 60],
  syslog: [103, 116],
  vhangup: [153, 58],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  adjtimex: [159, 171],
  clock_adjtime: [305, 266],
  iopl: [172, -1],
  ioperm: [173, -1],
}
const CLONE = { x64: 56, arm64: 220 } as const
/** Its flags lie in memory, where a filter cannot look: said to be missing, so that libraries fall back on clone. */
const CLONE3 = 435
/** The last call that both tables know (set_mempolicy_home_node, cachestat): later ones are said to be missing. */
const LAST_KNOWN = 451
const AUDIT_ARCH = { x64: 0xc000003e, arm64: 0xc00000b7 } as const
/** The x32 calls of an x86-64 kernel have this bit. */
const X32 = 0x40000000
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET, and NEWTIME is for clone3 alone. */
const NEW_NAMESPACE = 0x7e020000

const LOAD = 0x20
const JUMP_EQUAL = 0x15
const JUMP_AT_LEAST = 0x35
const JUMP_ANY_BIT = 0x45
const RETURN = 0x06

const ALLOW = 0x7fff0000
const KILL_PROCESS = 0x80000000
const ERRNO = 0x00050000
const EPERM = 1
const ENOSYS = 38

const NUMBER_AT = 0
const ARCHITECTURE_AT = 4
const FIRST_ARGUMENT_AT = 16

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number]

/** The filter for a processor as the array of `struct sock_filter` that `bwrap --seccomp` reads, 8 bytes each. */
export function seccompFilter(architecture: Architecture): Uint8Array {
  const at = architecture === 'x64' ? 0 : 1
  const program: Instruction[] = [
    [LOAD, 0, 0, ARCHITECTURE_AT],
    ...answerUnless(AUDIT_ARCH[architecture], KILL_PROCESS),
    [LOAD, 0, 0, NUMBER_AT],
    ...(architecture === 'x64' ? answerFrom(X32, KILL_PROCESS) : []),
    ...answerFrom(LAST_KNOWN + 1, ERRNO | ENOSYS),
    ...answerTo(CLONE3, ERRNO | ENOSYS),
    ...Object.values(DENIED).flatMap((numbers) => (numbers[at] === -1 ? [] : answerTo(numbers[at], ERRNO | EPERM))),
    [JUMP_EQUAL, 0, 3, CLONE[architecture]],
    [LOAD, 0, 0, FIRST_ARGUMENT_AT],
    [JUMP_ANY_BIT, 0, 1, NEW_NAMESPACE],
    [RETURN, 0, 0, ERRNO | EPERM],
    [RETURN, 0, 0, ALLOW],
  ]
  const bytes = new Uint8Array(8 * program.length)
  const view = new DataView(bytes.buffer)
  program.forEach(([code, ifTrue, ifFalse, value], i) => {
    view.setUint16(8 * i, code, true)
    view.setUint8(8 * i + 2, ifTrue)
    view.setUint8(8 * i + 3, ifFalse)
    view.setUint32(8 * i + 4, value >>> 0, true)
  })
  return bytes
}

/** The numbers of a call that is denied, for tests and for who reads the filter. */
export const deniedCalls = (architecture: Architecture): ReadonlyMap<string, number> =>
  new Map(
    Object.entries(DENIED)
      .map(([name, numbers]) => [name, numbers[architecture === 'x64' ? 0 : 1]] as const)
      .filter(([, number]) => number >= 0),
  )

const answerTo = (value: number, answer: number): Instruction[] => [
  [JUMP_EQUAL, 0, 1, value],
  [RETURN, 0, 0, answer],
]
const answerUnless = (value: number, answer: number): Instruction[] => [
  [JUMP_EQUAL, 1, 0, value],
  [RETURN, 0, 0, answer],
]
const answerFrom = (value: number, answer: number): Instruction[] => [
  [JUMP_AT_LEAST, 0, 1, value],
  [RETURN, 0, 0, answer],
]
