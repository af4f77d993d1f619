import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import test from 'tape'
import { loaderFor, siblingModule } from '../../../lib/base/node/thread.ts'
import { eventually, until } from '../../helpers/until.ts'
import { at, canRun, drive, ownEntry, processKit, running, type ProcessKit } from '../../helpers/processes.ts'
import { removeFolder, temporaryFolder } from '../../helpers/stores.ts'
import type { Voice } from '../../../lib/generators/index.ts'

/** Plays live until something is true. */
async function playUntil(what: string, voice: Voice, look: () => boolean): Promise<void> {
  let frame = 0
  await eventually(what, () => {
    for (let i = 0; i < 8; i++, frame += 128) if (frame < 400_000) voice.process(at(frame))
    return look()
  })
}

async function withKit(pace: 'live' | 'offline', body: (kit: ProcessKit) => Promise<void>): Promise<void> {
  const kit = await processKit({ pace })
  try {
    await body(kit)
  } finally {
    await kit.close()
  }
}

/** What it said of each attempt: `did`, or the error. */
const outcomesIn = (lines: readonly string[]): Record<string, string> =>
  Object.fromEntries(lines.map((line): [string, string] => [line.split(' ', 1)[0] ?? '', line.split(' ')[1] ?? '']))

/** Tries each of some lines of Python and says how it went. */
const trying = (attempts: Readonly<Record<string, string>>): string => `#!/usr/bin/python3
import ctypes, os, signal, socket, sys, threading, time
def attempt(name, code):
    try:
        exec(code, globals())
        said = 'did'
    except BaseException as error:
        said = type(error).__name__
    os.write(3, f"log {name} {said}\\n".encode())
${Object.entries(attempts)
  .map(([name, code]) => `attempt(${JSON.stringify(name)}, ${JSON.stringify(code)})`)
  .join('\n')}
os.write(1, bytes(8 * 128 * 40))
`

test("a process does not reach the node's secret, its socket, other files, the network or the kernel's odder parts", async (t) => {
  if (!(await canRun(t))) return
  const home = temporaryFolder()
  writeFileSync(join(home, 'secret'), 'the key')
  const socket = join(home, 'socket')
  let connections = 0
  const server = createServer(() => connections++).listen(socket)
  await once(server, 'listening')
  const tcp = createServer(() => connections++).listen(0, '127.0.0.1')
  await once(tcp, 'listening')
  const port = (tcp.address() as { port: number }).port
  await withKit('offline', async (kit) => {
    const { voice, tags } = kit.start(
      kit.script(
        trying({
          secret: `open(${JSON.stringify(join(home, 'secret'))}).read()`,
          socket: `socket.socket(socket.AF_UNIX).connect(${JSON.stringify(socket)})`,
          tcp: `socket.socket().connect(('127.0.0.1', ${port}))`,
          home: `os.listdir(os.path.dirname(${JSON.stringify(home)}) + '/../root')`,
          run: "os.listdir('/run')",
          passwd: "open('/etc/passwd').read()",
          write: `open(${JSON.stringify(join(home, 'written'))}, 'w')`,
          usr: "open('/usr/written', 'w')",
          root: "open('/written', 'w')",
          shm: "open('/dev/shm/written', 'w')",
          own: "open('own', 'w').write('x')",
          temporary: "open('/tmp/own', 'w').write('x')",
          archive: "open('test.run', 'a')",
          parent: `os.kill(${process.pid}, 0)`,
          memfd: "os.memfd_create('x')",
          namespace: 'assert ctypes.CDLL(None).unshare(0x10000000) == 0',
          ptrace: 'assert ctypes.CDLL(None).ptrace(0, 0, 0, 0) == 0',
          others: "assert len([p for p in os.listdir('/proc') if p.isdigit()]) > 3",
          descriptors:
            "assert any(not os.readlink('/proc/self/fd/' + fd).startswith(('/dev/null', 'socket:', 'pipe:', '/proc')) for fd in os.listdir('/proc/self/fd') if os.path.islink('/proc/self/fd/' + fd))",
        }),
      ),
    )
    t.equal(drive(voice, { frames: 96_000 }).status, 'done')
    const outcome = outcomesIn(tags.lines)
    const { own, temporary, ...others } = outcome
    t.deepEqual([own, temporary], ['did', 'did'], 'it writes in its own folder')
    t.equal(Object.keys(others).length, 17)
    for (const [what, said] of Object.entries(others)) t.notEqual(said, 'did', `${what}: ${said}`)
  })
  t.equal(connections, 0)
  t.deepEqual(readdirSync(home).sort(), ['secret', 'socket'])
  server.close()
  tcp.close()
  removeFolder(home)
})

test('a process is held to its share of disk, memory, processes and lines', async (t) => {
  if (!(await canRun(t))) return
  await withKit('offline', async (kit) => {
    const attempts = {
      disk: "f = open('big', 'wb')\nfor _ in range(80): f.write(bytes(2**20))\nf.flush()",
      small: "os.remove('big')\nfor n in range(80): open(f'f{n}', 'wb').write(bytes(2**20))",
      memory: 'b = bytearray(2 * 2**30)',
      threads: 'for _ in range(100): threading.Thread(target=time.sleep, args=(0.2,)).start()',
      forks: 'for _ in range(100):\n    if os.fork() == 0: time.sleep(0.2); os._exit(0)',
      long: "os.write(3, b'x' * 10000 + b'\\n')",
    }
    const { voice, tags } = kit.start(kit.script(trying(attempts)))
    drive(voice, { frames: 96_000 })
    const outcome = outcomesIn(tags.lines.filter((line) => !line.startsWith('it ')))
    t.deepEqual(outcome, {
      disk: 'OSError',
      small: 'OSError',
      memory: 'MemoryError',
      threads: 'RuntimeError',
      forks: 'BlockingIOError',
      long: 'did',
    })
    t.ok(
      tags.lines.some((l) => l.startsWith('it said what nobody understands')) &&
        tags.lines.every((l) => l.length < 4_200),
    )
  })
})

test('processes that hold too much memory together are ended', async (t) => {
  if (!(await canRun(t))) return
  await withKit('live', async (kit) => {
    const hog = `#!/usr/bin/python3
import os, time
for _ in range(4):
    if os.fork() == 0:
        held = bytearray(200 * 2**20)
        time.sleep(1000)
time.sleep(1000)
`
    const { voice } = kit.start(kit.script(hog, { entry: 'test.run' }))
    await playUntil('it has ended', voice, () => voice.failure !== undefined)
    t.equal(voice.failure?.code, 'GENERATOR_RAN_AWAY')
  })
})

const IGNORES = `#!/usr/bin/python3
import os, signal, sys
for n in range(1, 65):
    try: signal.signal(n, signal.SIG_IGN)
    except (OSError, ValueError): pass
for _ in range(6): os.fork()
os.setsid() if os.getpid() != os.getpgrp() else None
while True: pass
`

test('a fork bomb that ignores every signal is gone when its instance is closed, and when the node is killed', async (t) => {
  if (!(await canRun(t))) return
  const [closed, killed] = [ownEntry(), ownEntry()]
  // What another suite runs at the same time is no concern of this one.
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', '/gen/test.run'], { stdio: 'ignore' })
  t.teardown(() => other.kill())
  await withKit('live', async (kit) => {
    const { voice } = kit.start(kit.script(IGNORES, { entry: closed }))
    await playUntil('it runs', voice, () => running(closed).length > 8)
    t.ok(running(closed).length <= 34)
    voice.close()
    await until('it is gone', () => running(closed).length === 0)
    t.pass('gone')
  })
  const module = siblingModule('hostile-child', import.meta.url)
  // Killed, it leaves behind what it unpacked; nobody, who runs it for root, has to get there.
  const temporary = temporaryFolder()
  chmodSync(temporary, 0o755)
  t.teardown(() => removeFolder(temporary))
  const node = spawn(process.execPath, [...loaderFor(module), module.pathname, IGNORES, killed], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(node.stdout, 'data')
  await eventually('it runs', () => running(killed).length > 8)
  node.kill('SIGKILL')
  await once(node, 'exit')
  await until('it is gone', () => running(killed).length === 0)
  t.pass('gone')
})
