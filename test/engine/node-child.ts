import { Engine, type SessionInit } from '../../lib/engine/index.ts'

/** A node that does nothing but keep an engine: told of a session, it tells everything that the engine says. */
process.once('message', (session: SessionInit) => {
  void Engine.start(session, (message) => process.send?.({ message })).then((engine) => {
    process.send?.({ pid: engine.pid })
    process.once('message', () => void engine.close().then(() => process.disconnect()))
  })
})
