import { createHash } from 'node:crypto';

/** The site's whole style; it stands in each page, so that no page loads anything. */
export const style = `
*{box-sizing:border-box}
:root{color-scheme:light dark;--paper:#fff;--ground:#f6f4ef;--ink:#22201c;--quiet:#645d52;--line:#e0dacd;--accent:#0f6b5c;--on-accent:#fff;--tint:#e3f0ec;--bad:#a3271b;--bad-tint:#fbe9e6;--warn:#7d4e00;--warn-tint:#fbf0d9}
@media (prefers-color-scheme:dark){:root{--paper:#211f1b;--ground:#171613;--ink:#ece8df;--quiet:#b0a898;--line:#3a362f;--accent:#5fc7b3;--on-accent:#0d1f1b;--tint:#1e332e;--bad:#ff9d92;--bad-tint:#3a201c;--warn:#f0bd65;--warn-tint:#352a15}}
html{-webkit-text-size-adjust:100%}
body{margin:0;min-height:100vh;display:flex;flex-direction:column;background:var(--ground);color:var(--ink);font:16px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
a{color:var(--accent);text-underline-offset:.15em}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:4px}
.skip{position:absolute;left:-999px}.skip:focus{left:8px;top:8px;background:var(--paper);padding:6px 10px;z-index:1}
.inner{width:100%;max-width:66rem;margin:0 auto;padding:0 1.25rem}
.bar{background:var(--paper);border-bottom:1px solid var(--line)}
.bar .inner{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem 1.4rem;font-size:.95rem;padding-top:.7rem;padding-bottom:.7rem}
.brand{display:flex;align-items:center;gap:.6rem;color:var(--ink);font-weight:700;text-decoration:none}
.mark{display:grid;place-items:center;width:1.9rem;height:1.9rem;border-radius:.5rem;background:var(--accent);color:var(--on-accent)}
nav{display:flex;flex-wrap:wrap;gap:.25rem 1rem}nav a{color:var(--quiet);text-decoration:none}nav a:hover,nav a[aria-current]{color:var(--ink);text-decoration:underline}
.who{margin-left:auto;display:flex;flex-wrap:wrap;align-items:center;gap:.5rem .8rem}
main.inner{flex:1;padding-top:2.25rem;padding-bottom:3rem}
h1{margin:0 0 .6rem;font-size:clamp(1.6rem,4vw,2.2rem);line-height:1.2;letter-spacing:-.01em;text-wrap:balance}
h2{margin:2.5rem 0 .8rem;font-size:1.2rem;line-height:1.3}
section[aria-labelledby]>h2{margin-top:3.25rem}
h3{margin:0 0 .3rem;font-size:1.05rem}
p{margin:0 0 .9rem;max-width:44rem}
.lead{font-size:1.1rem;color:var(--quiet)}
.quiet{color:var(--quiet)}
.small{font-size:.9rem}
.button,button{display:inline-block;padding:.45rem 1.05rem;border:1px solid var(--accent);border-radius:.5rem;background:var(--accent);color:var(--on-accent);font:inherit;font-weight:600;text-decoration:none;cursor:pointer}
.button:hover,button:hover{filter:brightness(1.08)}
.plain{background:none;color:var(--ink);border-color:var(--line)}
.card{background:var(--paper);border:1px solid var(--line);border-radius:.75rem;padding:1.25rem 1.4rem;overflow-wrap:anywhere}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:1rem;margin:0;padding:0;list-style:none}
.card>:last-child{margin-bottom:0}
.overview{grid-template-columns:repeat(auto-fit,minmax(min(100%,16rem),1fr));margin:1.5rem 0 1rem}.overview h2{margin:0 0 .4rem}.overview .card{padding:1rem 1.1rem}
.tag{display:inline-block;margin:0 .35rem .2rem 0;padding:.05rem .6rem;border-radius:99px;background:var(--tint);color:var(--ink);font-size:.85rem;font-weight:600}
.tag.warn{background:var(--warn-tint);color:var(--warn)}.tag.bad{background:var(--bad-tint);color:var(--bad)}
.note{margin:0 0 1.25rem;padding:.75rem 1rem;border-left:4px solid var(--accent);border-radius:.4rem;background:var(--tint);max-width:46rem}
.note.warn{border-color:var(--warn);background:var(--warn-tint)}.note.bad{border-color:var(--bad);background:var(--bad-tint)}
.steps{margin:0;padding:0;list-style:none;counter-reset:step;display:grid;gap:.9rem}
.steps li{counter-increment:step;position:relative;padding-left:2.9rem;min-height:2rem}
.steps li::before{content:counter(step);position:absolute;left:0;top:0;display:grid;place-items:center;width:2rem;height:2rem;border-radius:50%;background:var(--tint);color:var(--accent);font-weight:700}
.steps p{margin:0}
.go{margin-top:1.4rem}
.then{margin:1.75rem 0 .3rem}
h4{margin:0 0 .3rem;font-size:1rem}
.people{display:grid;gap:.75rem;margin:0;padding:0;list-style:none}
.people button{display:flex;align-items:center;gap:1rem;width:100%;padding:.85rem 1.1rem;text-align:left;background:var(--paper);color:var(--ink);border-color:var(--line);border-radius:.75rem;font-weight:400}
.people button:hover{border-color:var(--accent);filter:none}
.people strong{display:block}
.face{flex:none;display:grid;place-items:center;width:2.6rem;height:2.6rem;border-radius:50%;background:var(--accent);color:var(--on-accent);font-weight:700;font-size:1.1rem}
img.face{object-fit:cover;background:var(--tint)}
.face.small{width:1.9rem;height:1.9rem;font-size:.9rem}
.row{display:flex;flex-wrap:wrap;align-items:center;gap:.75rem}
.person{display:flex;align-items:center;gap:1rem;margin-bottom:1rem}.person h2,.person h3{margin:0}.person p{margin:0}
label{display:block;margin:0 0 .25rem;font-weight:600}
input{width:min(100%,24rem);padding:.5rem .7rem;border:1px solid var(--quiet);border-radius:.5rem;background:var(--paper);color:inherit;font:inherit}
input[type=checkbox]{width:auto;margin:0 .5rem 0 0;vertical-align:-.1em;accent-color:var(--accent)}
.field{margin:0 0 1.25rem}
fieldset{margin:0 0 1.25rem;padding:0;border:0}legend{margin:0 0 .25rem;padding:0;font-weight:600}fieldset label{font-weight:400}
td button{white-space:nowrap}
table{width:100%;border-collapse:collapse}
.wide{overflow-x:auto}.wide td,.wide th{overflow-wrap:normal}.card>h2:first-child{margin-top:0}
th,td{padding:.5rem 1rem .5rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{width:1%;white-space:nowrap;font-weight:600;padding-right:1.75rem}
th .small{font-weight:400}
table+.row{margin-top:1rem}
.tag{white-space:nowrap}
@media (max-width:34rem){.wide th{white-space:normal}.stacked tr{display:block;padding:.6rem 0;border-bottom:1px solid var(--line)}.stacked tr:last-child{border-bottom:0}.stacked th,.stacked td{display:block;width:auto;white-space:normal;padding:.15rem 0;border:0}}
tr:last-child>th,tr:last-child>td{border-bottom:0}
code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:.9em}
.community{margin:1.75rem 0 1rem}.community iframe{display:block;border-radius:.75rem}
footer{border-top:1px solid var(--line);color:var(--quiet);font-size:.9rem}
footer .inner{padding-top:1rem;padding-bottom:1.5rem}
footer p{margin:0;max-width:none}
`;

/** What a Content-Security-Policy says to allow {@link style} and no other. */
export const styleSource = `'sha256-${createHash('sha256').update(style).digest('base64')}'`;
