import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { isListening } from '../../lib/host/index.ts'
import { homeAt } from '../../lib/store/index.ts'
import { feedsContract } from '../../plugins/feeds/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import { withNodes } from '../helpers/program-nodes.ts'
import { asked, marmalade, PROGRAM, replayed } from '../helpers/programs.ts'
import { eventually } from '../helpers/until.ts'
import { peakOf, recordingOf } from '../helpers/wavs.ts'

interface Playing {
  readonly player: string
  readonly name: string
  readonly played: readonly {
    readonly instance: string
    readonly bar: number
    readonly hears: readonly { readonly shown: string; readonly state: string; readonly bar?: number }[]
  }[]
}

withNodes('a bot is let in and heard by its owner; it leaves at Ctrl-C, and with the jam', async (t, nodes) => {
  const none = await marmalade(['bot'], { home: await nodes.place('nobody') })
  t.equal(none.code, 1)
  t.match(none.stderr, /\(NODE_NOT_RUNNING\)\n$/, 'it needs a node')

  const ada = await nodes.start('ada')
  const { home } = ada
  const nowhere = await marmalade(['bot'], { home })
  t.equal(nowhere.code, 1)
  t.match(nowhere.stderr, /^marmalade: [^\n]*\n$/, 'and a jam')

  await marmalade(['jam', 'start', 'night', '--tempo', '300'], { home })
  const child = spawn(process.execPath, [PROGRAM, 'bot', '--home', home], { stdio: ['ignore', 'pipe', 'inherit'] })
  nodes.add(child, (it) => void it.kill('SIGKILL'))
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const ended = new Promise<number | null>((settle) => child.once('exit', settle))
  await eventually('it plays', () => said.includes('Ctrl-C has it leave'))
  t.match(said, /^echo: you from bar \d+\nhaze: you from bar \d+\necho plays in night; Ctrl-C has it leave\n$/)
  const twice = await marmalade(['bot'], { home })
  t.match(twice.stderr, /^marmalade: echo is playing already[^\n]*\(HOME_LOCKED\)\n$/)
  child.kill('SIGINT')
  t.equal(await ended, 0)
  t.match(said, /\nit has left\n$/)
  const bot = homeAt(join(home, 'bot'))
  t.notOk(await isListening(bot.socket), 'its node has ended')

  const { player, name, played } = await asked<Playing>(['bot', '--detach'], { home })
  t.equal(name, 'echo')
  for (const { instance, hears } of played)
    t.deepEqual(
      hears.map(({ shown, state }) => [shown, state]),
      [['you', 'from']],
      `${instance}: its owner hears it`,
    )
  const { players } = await ada.ask(jamsContract).jam.show({})
  t.ok(
    players.some((row) => row.player === player && row.counts),
    'it is a member again',
  )
  let published = 0
  for await (const row of ada.ask(feedsContract).feeds.read({ player }))
    if ((row.payload as { type?: string }).type === 'generator') published++
  t.equal(published, 2, 'what was published already is not published again')

  const { bar = 0 } = played[0]?.hears[0] ?? {}
  await marmalade(['jam', 'end', '--on', '4bars'], { home })
  await eventually('its node ends with the jam', async () => !(await isListening(bot.socket)))
  await ada.stop()
  const span = ['--from', String(bar), '--to', String(bar + 1)]
  const { file } = await replayed(home, 'night', await nodes.place('night.wav'), ...span)
  t.ok(peakOf(recordingOf(file, 0)) > 0.03, `it is heard in its first bar, ${bar}`)
})
