// Chat: the channels and their messages. public/README.md describes what a panel exports.

import { chat } from "./chat.js";

export const routes = [
  ["/chat", chat, { role: "user", title: "Chat" }],
  ["/chat/:channel", chat, { role: "user", title: "Chat" }],
];

export const places = [
  { name: "Chat", address: "/chat", role: "user", icon: "chat", order: 20 },
];
