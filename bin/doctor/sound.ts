import { SAMPLE_RATE } from '../../lib/base/index.ts'
import { hasSpeaker, makeSink, parseSink, playTone, type Device, type SinkSpec } from '../../lib/sink/index.ts'
import { soundContract } from '../../plugins/sound/index.ts'
import { cardWords } from '../cli/meters.ts'
import { ask } from './ask.ts'
import { messageOf, type Finding, type Patient } from './finding.ts'

const SPEAKER = 'apt-get install libasound2-dev && npm install speaker'

/** What plays, what it could play on, and whether the sink that would be used takes sound. */
export async function checkSound(patient: Patient, devices: readonly Device[]): Promise<Finding[]> {
  const players = { speaker: speaker(), aplay: await aplay() }
  return [players.speaker, players.aplay, listed(devices), await sink(patient, players)]
}

function speaker(): Finding {
  const name = 'speaker'
  if (hasSpeaker()) return { name, state: 'ok', words: 'the package is here and built' }
  return { name, state: 'lacks', words: 'not here', remedy: SPEAKER }
}

async function aplay(): Promise<Finding> {
  const name = 'aplay'
  const said = await ask('aplay', ['--version'])
  if (said !== undefined) return { name, state: 'ok', words: /\d[\w.]*/.exec(said)?.[0] ?? 'here' }
  return { name, state: 'lacks', words: 'not here', remedy: 'sudo apt-get install alsa-utils' }
}

function listed(devices: readonly Device[]): Finding {
  const name = 'devices'
  if (devices.length > 0) return { name, state: 'ok', words: `${devices.length} that ALSA plays on` }
  return { name, state: 'lacks', words: 'ALSA has none', remedy: 'marmalade start --sink wav:FILE' }
}

async function sink(patient: Patient, players: Record<'speaker' | 'aplay', Finding>): Promise<Finding> {
  const name = 'sink'
  const node = await patient.context.nodeIfRunning(soundContract).catch(() => undefined)
  if (node) {
    const status = await node.sound.status()
    if (status.state !== 'lost') {
      const words = [`${status.sink}, ${status.state} on the running node`, ...status.cards.map(cardWords)]
      return { name, state: 'ok', words: words.join('; ') }
    }
    return { name, state: 'broken', words: status.why ?? 'lost', remedy: 'marmalade doctor --tone' }
  }
  let spec: SinkSpec
  try {
    spec = parseSink(patient.sink)
  } catch (error) {
    return { name, state: 'broken', words: messageOf(error) }
  }
  const card = spec.kind === 'both' ? spec.card : spec
  if (spec.kind === 'null')
    return { name, state: 'lacks', words: 'null: nothing is heard', remedy: 'marmalade start --sink wav:FILE' }
  if (card.kind !== 'speaker' && card.kind !== 'aplay') return { name, state: 'ok', words: patient.sink }
  const trying = makeSink(card)
  try {
    await trying.open()
    await trying.close()
    const millis = ((trying.latency ?? 0) * 1_000) / SAMPLE_RATE
    return { name, state: 'ok', words: `${patient.sink} opens; its buffers hold ${millis} ms` }
  } catch (error) {
    const other = card.kind === 'speaker' && players.speaker.state !== 'ok' && players.aplay.state === 'ok'
    const remedy = `marmalade start --sink ${other ? 'aplay' : 'wav:FILE'}`
    return { name, state: 'broken', words: messageOf(error), remedy }
  }
}

/** Plays the test tone. @param asked whether the owner named the sink: a file that the configuration names is not written over */
export async function checkTone(text: string, asked: boolean): Promise<Finding> {
  const name = 'tone'
  const spec = parseSink(text)
  if (spec.kind === 'null')
    return { name, state: 'lacks', words: 'null is heard by nobody', remedy: 'marmalade doctor --tone --sink aplay' }
  const usesFile = spec.kind !== 'speaker' && spec.kind !== 'aplay'
  if (usesFile && !asked)
    return {
      name,
      state: 'lacks',
      words: `not played: it would write over ${text}`,
      remedy: 'marmalade doctor --tone --sink SINK',
    }
  const complaints = await playTone(spec)
  if (complaints.length === 0) return { name, state: 'ok', words: `1 s through ${text}, left then right, no errors` }
  return { name, state: 'broken', words: complaints.join('; ') }
}
