/** The page that `dillingerctl watch` serves: the player, and what happens to the session. */

import './player.js';

// The link has been used: nobody can use it again, and a copy of the address is of the page alone.
history.replaceState(null, '', location.pathname);

const player = document.querySelector('dillinger-player');

function follow() {
    const events = new EventSource('events');
    events.addEventListener('state', ({ data }) => {
        const { state } = JSON.parse(data);
        player.setAttribute('session-state', state);
        if (state === 'ended') {
            events.close();
        }
    });
}

async function begin() {
    const response = await fetch('session', { cache: 'no-store' });
    const { title, role, keyboardLayout } = response.ok ? await response.json() : {};
    document.title = title || document.title;
    player.setAttribute('viewer-role', role ?? 'player');
    player.setAttribute('keyboard-layout', keyboardLayout ?? '');
    player.setAttribute('src', 'exchange');
    if (response.ok) {
        follow();
    }
}

begin();
