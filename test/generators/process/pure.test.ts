import test from 'tape'
import { Teller } from '../../../lib/generators/process/teller.ts'
import { block, TestTags } from '../../helpers/generators.ts'
import { parseSaid, plainLine } from '../../../lib/generators/process/lines.ts'
import { LineRing } from '../../../lib/generators/process/line-ring.ts'
import { PLAYED_FRAMES, ProcessMemory, RING_FRAMES } from '../../../lib/generators/process/memory.ts'
import { floatsOf, planesOf, samplesOf } from '../../../lib/generators/process/pcm.ts'
import { deniedCalls, seccompFilter, type Architecture } from '../../../lib/generators/process/seccomp.ts'

const ARCHITECTURES: readonly [Architecture, number][] = [
  ['x64', 0xc000003e],
  ['arm64', 0xc00000b7],
]

/** Runs the filter as the kernel does, over a call: what it answers. */
function judge(filter: Uint8Array, call: { arch: number; nr: number; flags?: number }): number {
  const view = new DataView(filter.buffer)
  const data: Record<number, number> = { 0: call.nr, 4: call.arch, 16: call.flags ?? 0 }
  for (let pc = 0, a = 0; ; pc++) {
    const [code, k] = [view.getUint16(8 * pc, true), view.getUint32(8 * pc + 4, true)]
    const [jt, jf] = [view.getUint8(8 * pc + 2), view.getUint8(8 * pc + 3)]
    if (code === 0x06) return k
    if (code === 0x20) a = (data[k] ?? 0) >>> 0
    else if (code === 0x15) pc += a === k ? jt : jf
    else if (code === 0x35) pc += a >= k ? jt : jf
    else if (code === 0x45) pc += (a & k) !== 0 ? jt : jf
    else throw new Error(`instruction ${code}`)
  }
}

const [ALLOW, KILL, EPERM, ENOSYS] = [0x7fff0000, 0x80000000, 0x00050001, 0x00050026]

for (const [name, arch] of ARCHITECTURES) {
  test(`the filter for ${name} denies what it should, and nothing that programs need`, (t) => {
    const filter = seccompFilter(name)
    const denied = deniedCalls(name)
    t.ok(denied.size > 55 && filter.length % 8 === 0 && filter.length / 8 < 4096)
    for (const [call, nr] of denied) t.equal(judge(filter, { arch, nr }), EPERM, call)
    const known = new Set(denied.values())
    for (let nr = 0; nr < 424; nr++) if (!known.has(nr) && judge(filter, { arch, nr }) !== ALLOW) t.fail(`call ${nr}`)
    t.equal(judge(filter, { arch, nr: 435 }), ENOSYS, 'clone3 is said to be missing')
    t.equal(judge(filter, { arch, nr: 452 }), ENOSYS, 'and so are calls that nobody knew')
    t.equal(judge(filter, { arch: arch ^ 1, nr: 0 }), KILL, 'another processor kills')
    const nr = name === 'x64' ? 56 : 220
    t.equal(judge(filter, { arch, nr, flags: 0x01200011 }), ALLOW, 'fork')
    for (const bit of [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000])
      t.equal(judge(filter, { arch, nr, flags: bit | 17 }), EPERM, `clone with ${bit.toString(16)}`)
    if (name === 'x64') t.equal(judge(filter, { arch, nr: 0x40000000 | 1 }), KILL, 'x32')
    t.end()
  })
}

test('lines of processes: plain words and JSON', (t) => {
  t.deepEqual(parseSaid('tag level 0.5 16'), { kind: 'tag', name: 'level', value: 0.5, atBeat: 16 })
  t.deepEqual(parseSaid('tag mood "very dark"'), { kind: 'tag', name: 'mood', value: 'very dark' })
  t.deepEqual(parseSaid('tag mood "12"'), { kind: 'tag', name: 'mood', value: '12' })
  t.deepEqual(parseSaid('watch ada/*/bass/level'), { kind: 'watch', path: 'ada/*/bass/level' })
  t.deepEqual(parseSaid('note a 60 0.8 1'), { kind: 'note', name: 'a', pitch: 60, velocity: 0.8, beats: 1 })
  t.deepEqual(parseSaid('log it is late'), { kind: 'log', text: 'it is late' })
  t.deepEqual(parseSaid('tail'), { kind: 'tail' })
  t.deepEqual(parseSaid('{"kind":"tag","name":"level","value":1}'), { kind: 'tag', name: 'level', value: 1 })
  for (const bad of ['tag', 'tag Level 1', 'tag level', 'tag l 1 x', 'hello', '{', '{"kind":"x"}', 'watch', 'note a'])
    t.equal(typeof parseSaid(bad), 'string', bad)
  t.equal(plainLine({ kind: 'beat', beat: 4, frame: 96000 }), 'beat 4 96000')
  t.equal(plainLine({ kind: 'tag', path: 'jam/context', value: 'drop' }), 'tag jam/context drop')
  t.equal(plainLine({ kind: 'tag', path: 'x', value: '12' }), 'tag x "12"')
  t.equal(plainLine({ kind: 'tag', path: 'x', value: 'a "b"\n' }), 'tag x "a \\"b\\"\\n"')
  t.end()
})

test('a ring of lines gives what was written, in its order, and takes nothing that does not fit', (t) => {
  const random = draws('ring')
  const ring = new LineRing(new SharedArrayBuffer(8 + 256), 0, 256)
  const waiting: string[] = []
  let full = 0
  for (let i = 0; i < 5_000; i++) {
    const line = `${i} ${'ü'.repeat(random(20))}`
    if (random(2) === 0) {
      if (ring.read() !== waiting.shift()) t.fail(`line ${i}`)
    } else if (ring.write(line)) waiting.push(line)
    else full++
  }
  t.ok(full > 0, 'it was full at times')
  t.notOk(ring.write('x'.repeat(255)), 'a line that never fits')
  t.end()
})

test('memory: what comes late is dropped, what follows is in its place, and what was played is kept', (t) => {
  const memory = new ProcessMemory()
  const [left, right] = [new Float32Array(128), new Float32Array(128)]
  const given = (from: number, frames: number): Float32Array =>
    Float32Array.from({ length: 2 * frames }, (_, i) => (from + (i >> 1) + 1) * (i % 2 === 0 ? 1 : -1))
  let silent = 0
  for (let block = 0; block < 1_000; block++) {
    if (block % 7 !== 3) {
      const late = Math.max(0, 0 - memory.ready)
      if (late > 0) memory.drop(late)
      const frames = Math.min(300, RING_FRAMES - Math.max(0, memory.ready))
      memory.give(given(memory.written, frames))
    }
    if (block % 50 === 0) while (memory.ready > 0) silent += 128 - memory.play(left, right, 128)
    const place = memory.played
    const there = memory.play(left, right, 128)
    silent += 128 - there
    const fine = left.every((x, i) => x === (i < there ? place + i + 1 : 0) && right[i] === -x + 0)
    if (!fine) t.fail(`block ${block}`)
  }
  t.ok(silent > 0, 'some was late')
  const kept = new Float32Array(2 * 128)
  memory.heard(memory.played - 128, kept)
  t.deepEqual([kept[0], kept[255]], [left[0], right[127]])
  t.ok(PLAYED_FRAMES > RING_FRAMES)
  t.end()
})

test('samples: what processes write, and any bits through planes and back', (t) => {
  t.deepEqual([...floatsOf(Uint8Array.of(0, 0x40, 0, 0x80), 's16le')], [0.5, -1])
  t.deepEqual([...floatsOf(Uint8Array.of(9, 0, 0, 0x80, 0x3f).subarray(1), 'f32le')], [1])
  const bits = Uint32Array.from({ length: 2_000 }, draws32('planes'))
  const back = samplesOf(planesOf(new Float32Array(bits.buffer)))
  t.deepEqual(new Uint32Array(back.buffer), bits)
  t.end()
})

/** Whole numbers from 0 to below a limit, the same for a name each time (xorshift32). */
function draws(name: string): (below: number) => number {
  let state = Buffer.from(name).reduce((sum, byte) => (sum * 31 + byte) | 0, 17)
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

function draws32(seed: string): () => number {
  const random = draws(seed)
  return () => random(0x10000) * 0x10000 + random(0x10000)
}

test('notes that a process watches are told it in their order, and no tags of them', (t) => {
  const memory = new ProcessMemory()
  const tags = new TestTags()
  const teller = new Teller(memory.toProcess, tags)
  t.ok(teller.watch('note/kick') && teller.watch('chord'))
  t.deepEqual(tags.watched, ['note/kick'])
  tags.values = { 'note/kick': { value: 36, frame: 200 }, chord: { value: 3, frame: 100 } }
  for (const pitch of [36, 38]) tags.due.push((listener) => listener.note(100, pitch, 0.5, 1, 200))
  teller.tell(block(0))
  const told: unknown[] = []
  for (let line = memory.toProcess.read(); line !== undefined; line = memory.toProcess.read()) {
    const one = JSON.parse(line) as { kind: string }
    if (one.kind === 'tag' || one.kind === 'note') told.push(one)
  }
  const note = { kind: 'note', path: 'note/kick', velocity: 0.5, beats: 1, frame: 200 } as const
  t.deepEqual(told, [
    { kind: 'tag', path: 'chord', value: 3 },
    { ...note, pitch: 36 },
    { ...note, pitch: 38 },
  ])
  t.equal(plainLine({ ...note, pitch: 36.5 }), 'note note/kick 36.5 0.5 1 200')
  for (const bad of ['note a 60 1.5 1', 'note a 60 -0.1 1', 'note a 60 1 -1', 'note a x 1 1'])
    t.equal(typeof parseSaid(bad), 'string', bad)
  t.end()
})
