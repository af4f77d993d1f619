/** What of the environment a player needs; nothing else of ours is its business. */
const KEPT = ['PATH', 'HOME', 'LANG', 'XDG_RUNTIME_DIR', 'PULSE_SERVER', 'PIPEWIRE_REMOTE', 'DBUS_SESSION_BUS_ADDRESS']

/** Of an environment what sound needs: where libraries, sockets and ALSA's own settings (`ALSA_…`) are. */
export function soundEnvironment(from: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const kept: NodeJS.ProcessEnv = {}
  for (const [key, value] of Object.entries(from)) {
    if (KEPT.includes(key) || key.startsWith('ALSA_')) kept[key] = value
  }
  return kept
}
