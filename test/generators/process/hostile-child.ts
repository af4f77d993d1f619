/** A node's engine in a process of its own, for a test that kills it: plays a script until it is gone. */
import { at, processKit } from '../../helpers/processes.ts'

async function play(script: string, entry: string): Promise<void> {
  const kit = await processKit({ pace: 'live' })
  const { voice } = kit.start(kit.script(script, { entry }))
  for (let frame = 0; ; frame += 128) {
    voice.process(at(frame))
    if (frame === 0) process.stdout.write('plays\n')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const [, , script = '', entry = ''] = process.argv
void play(script, entry)
