import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cp, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tape'
import type { BlockPosition, PreparedProcess, Status, Voice } from '../../lib/generators/index.ts'
import { isRefused, pack, prepareAllowed } from '../../lib/generators/index.ts'
import { ProcessHost } from '../../lib/generators/process/node/host.ts'
import { runtimeWith } from '../../lib/generators/process/node/runtime.ts'
import { findSandbox } from '../../lib/generators/process/node/sandbox.ts'
import { ServingPort } from '../../lib/generators/process/node/serving-port.ts'
import { readFolder } from '../../lib/generators/node/folder.ts'
import { Preroll } from '../../lib/generators/process/preroll.ts'
import type { InstanceIdentity } from '../../lib/generators/process/types.ts'
import { fixture, good, TestTags, textFile } from './generators.ts'
import { removeFolder, temporaryFolder } from './stores.ts'

/** Whether processes can run here; where they cannot, the test says why and is over. */
export async function canRun(t: Test): Promise<boolean> {
  const walls = await findSandbox()
  if (!isRefused(walls)) return true
  t.skip(walls.message)
  return false
}

export const IDENTITY: InstanceIdentity = {
  jam: '@YmFzZTY0.ed25519:friday' as InstanceIdentity['jam'],
  player: 'player' as InstanceIdentity['player'],
  generator: 'test' as InstanceIdentity['generator'],
  instance: 'test' as InstanceIdentity['instance'],
  path: 'player/test/test',
  start: 1_280,
}

export interface ProcessKit {
  readonly folder: string
  readonly host: ProcessHost
  /** The archive of a script, or of the files of a folder of fixtures/generators. */
  script(text: string, more?: { readonly entry?: string; readonly [field: string]: unknown }): PreparedProcess
  shipped(name: string): Promise<PreparedProcess>
  /** Its process, started ahead of an instance of that tempo. */
  preroll(prepared: PreparedProcess, init?: { tempo?: number }): Preroll
  start(prepared: PreparedProcess, init?: { preroll?: Preroll }): { voice: Voice; tags: TestTags }
  close(): Promise<void>
}

/** A host of processes with a folder of its own. */
export async function processKit(init: ConstructorParameters<typeof ProcessHost>[0]): Promise<ProcessKit> {
  const folder = temporaryFolder()
  const host = new ProcessHost(init)
  await host.start()
  const voices: Voice[] = []
  const prepare = (archive: Uint8Array): PreparedProcess => {
    const file = join(folder, `${randomUUID()}.tgz`)
    writeFileSync(file, archive)
    const prepared = good(prepareAllowed(archive, file))
    if (prepared.runtime !== 'process') throw new Error('it is no process')
    return prepared
  }
  return {
    folder,
    host,
    script(text, { entry = 'test.run', ...more } = {}) {
      const manifest = { name: 'test', runtime: 'process', entry, ...more }
      const run = { ...textFile(entry, text), executable: true }
      return prepare(good(pack([textFile('generator.json', JSON.stringify(manifest)), run])))
    },
    async shipped(name) {
      return prepare(good(pack(await readFolder(fixture('generators', name)))))
    },
    preroll(prepared, { tempo } = {}) {
      const start = { prepared, identity: IDENTITY, position: at(0, tempo), params: new Map(), sampleRate: 48_000 }
      return new Preroll(start, new ServingPort(host.link).post)
    },
    start(prepared, { preroll } = {}) {
      const tags = new TestTags()
      const settings = { seed: [1, 2] as const, tags, sampleRate: 48_000, identity: IDENTITY, preroll: preroll?.start }
      const voice = runtimeWith(host.link).start(prepared, settings)
      voices.push(voice)
      return { voice, tags }
    },
    async close() {
      for (const voice of voices) voice.close()
      await host.close()
      removeFolder(folder)
    },
  }
}

/** Where a block of a voice lies that started on beat 4 at a tempo. */
export const at = (frame: number, tempo = 120, frames = 128): BlockPosition => {
  const beatsPerFrame = tempo / 60 / 48_000
  const beat = 4 + frame * beatsPerFrame
  return { frames, frame, beat, beatsPerFrame, bar: beat / 4, startBeat: 4 }
}

/** Blocks of a voice, one after the other: its left channel, and what it answered last. */
export function drive(
  voice: Voice,
  { frames, from = 0, tempo = 120 }: { frames: number; from?: number; tempo?: number },
): { left: Float32Array; status: Status; ends: number } {
  const left = new Float32Array(frames)
  let status: Status = 'go'
  let done = 0
  while (done < frames && (status === 'go' || status === 'tail')) {
    const block = Math.min(128, frames - done)
    status = voice.process(at(from + done, tempo, block))
    if (status === 'error') break
    left.set(voice.left.subarray(0, block), done)
    done += block
  }
  return { left, status, ends: done }
}

/** A name for a program that no other test on this machine gives its own, at the same time or before. */
export const ownEntry = (base = 'test.run'): string => `${randomUUID()}-${base}`

/** Processes that run a program by that name: those of this test alone, whoever is their parent. See `ownEntry`. */
export function running(entry: string): number[] {
  if (!UUID.test(entry)) throw new Error(`${entry} may be another's`)
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return Number(pid) !== process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`/gen/${entry}`)
      } catch {
        return false
      }
    })
    .map(Number)
}

/** Whether a process descends from another. */
export function isBelow(pid: number, ancestor: number): boolean {
  for (let at = pid; at > 1; at = parentOf(at)) if (at === ancestor) return true
  return false
}

function parentOf(pid: number): number {
  try {
    return Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-/

/** A folder with a shipped process generator whose program has another name. */
export async function renamed(name: string, entry: string, folder: string): Promise<string> {
  const to = join(folder, name)
  await cp(fixture('generators', name), to, { recursive: true })
  const file = join(to, 'generator.json')
  const manifest = JSON.parse(await readFile(file, 'utf8')) as { entry: string }
  await rename(join(to, manifest.entry), join(to, entry))
  await writeFile(file, JSON.stringify({ ...manifest, entry }))
  return to
}
