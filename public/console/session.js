// Who is signed in. Tokens live in localStorage, so that all tabs share them; a change made by
// another tab arrives as a storage event.

const KEY = "lyceum.session";
const ROLES = ["user", "member", "instructor", "admin"];
const listeners = new Set();

export function session() {
  try {
    return JSON.parse(localStorage.getItem(KEY));
  } catch {
    return null;
  }
}

export const user = () => session()?.user || null;

// hasRole tells whether the caller is at least that; each role includes the one before.
export const hasRole = (role) => ROLES.indexOf(user()?.role) >= ROLES.indexOf(role);

export const roles = ROLES;

// keep stores the answer of a login or refresh.
export function keep(answer) {
  const before = session();
  localStorage.setItem(KEY, JSON.stringify({
    access_token: answer.access_token,
    refresh_token: answer.refresh_token,
    expires_at: Date.now() + answer.expires_in * 1000,
    user: answer.user || before?.user,
  }));
  tell(before);
}

// keepUser replaces what is known about the caller.
export function keepUser(changed) {
  const before = session();
  if (!before) return;
  localStorage.setItem(KEY, JSON.stringify({ ...before, user: changed }));
  tell(before);
}

export function forget() {
  const before = session();
  localStorage.removeItem(KEY);
  tell(before);
}

// onChange calls back when somebody else, nobody, or somebody in another role is signed in now.
export const onChange = (listener) => listeners.add(listener);

const face = (s) => JSON.stringify(s?.user || null);

function tell(before) {
  if (face(before) !== face(session())) for (const listener of listeners) listener();
}

addEventListener("storage", (event) => {
  if (event.key !== KEY && event.key !== null) return;
  let before = null;
  try {
    before = JSON.parse(event.oldValue);
  } catch { /* a value from elsewhere counts as none */ }
  tell(before);
});
