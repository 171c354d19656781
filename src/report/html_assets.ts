/** Style and script of report.html. Fixed texts: nothing of a run is ever put into them, so their hashes go into the CSP. */

/** Follows the colour scheme of the reader; one column on a phone, two for an exchange on a desk. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1b2330;--soft:#566173;--line:#dde2ea;--code:#f1f3f7;
--pass:#12703f;--fail:#b3261e;--warn:#8a5a00;--skip:#566173;--passbg:#e2f4ea;--failbg:#fdeaea;--warnbg:#fdf2d9;
--skipbg:#eceff4;--link:#1d4ed8;--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
@media(prefers-color-scheme:dark){:root{--bg:#0f141b;--card:#171e28;--ink:#e6ebf2;--soft:#9aa7b8;--line:#2a3442;
--code:#0f151d;--pass:#6fd39b;--fail:#ff8d85;--warn:#f0c060;--skip:#9aa7b8;--passbg:#12301f;--failbg:#3a1715;
--warnbg:#35290c;--skipbg:#222b37;--link:#8ab4ff}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
main,header>div,footer{max-width:70rem;margin:0 auto;padding:0 1rem}
header{background:var(--card);border-bottom:1px solid var(--line);padding:1.25rem 0 1rem}
h1{font-size:1.35rem;line-height:1.25;margin:0 0 .25rem;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:2rem 0 .75rem}
h2 small{color:var(--soft);font-weight:400}
h3{font-size:1rem;margin:0;overflow-wrap:anywhere;display:flex;flex-wrap:wrap;gap:.25rem .6rem;align-items:baseline}
p{margin:.4rem 0}
a{color:var(--link)}
code,pre,.mono{font-family:var(--mono);font-size:.86em}
pre,code,td,dd,h1,h3,p,li{unicode-bidi:isolate}
.soft{color:var(--soft)}
.top{display:flex;gap:.75rem 1.25rem;align-items:flex-start;justify-content:space-between}
.verdict{font-weight:700;letter-spacing:.02em;padding:.35rem .9rem;border-radius:.5rem;text-transform:uppercase}
.tag{display:inline-block;font-size:.75rem;font-weight:600;padding:.05rem .5rem;border-radius:1rem;white-space:nowrap}
.pass{color:var(--pass);background:var(--passbg)}.fail{color:var(--fail);background:var(--failbg)}
.partial,.warn,.error{color:var(--warn);background:var(--warnbg)}
.skipped,.inconclusive{color:var(--skip);background:var(--skipbg)}
.counts{display:grid;grid-template-columns:repeat(4,1fr);gap:.5rem;margin:1rem 0}
.counts div{border:1px solid var(--line);border-radius:.5rem;padding:.5rem .75rem}
.counts b{display:block;font-size:1.5rem;line-height:1.2;font-variant-numeric:tabular-nums}
.counts span{font-size:.82rem;color:var(--soft)}
.counts .n-fail b{color:var(--fail)}.counts .n-pass b{color:var(--pass)}.counts .n-warn b{color:var(--warn)}
.banner{border-left:4px solid var(--warn);background:var(--warnbg);padding:.5rem .8rem;border-radius:.25rem;margin:.75rem 0}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.15rem 1rem;margin:.5rem 0}
dt{color:var(--soft);font-size:.88rem}dd{margin:0;overflow-wrap:anywhere}
.facts{font-size:.88rem}
.top .verdict{flex:none}
article dt{padding-top:.45rem}article dl{row-gap:.35rem}
article{background:var(--card);border:1px solid var(--line);border-left:4px solid var(--fail);border-radius:.5rem;padding:.8rem 1rem;margin:0 0 .9rem}
article.warning,article.broken{border-left-color:var(--warn)}
.says{margin:.35rem 0 .5rem}
pre{margin:0;background:var(--code);border:1px solid var(--line);border-radius:.35rem;padding:.45rem .6rem;white-space:pre-wrap;overflow-wrap:anywhere}
.exchange pre{max-height:22rem;overflow:auto}
.exchange pre.hex{white-space:pre;overflow-wrap:normal;font-size:.74rem}
.exchange h4{margin:.7rem 0 .25rem;font-size:.85rem;color:var(--soft);font-weight:600}
.pair{display:grid;grid-template-columns:minmax(0,1fr);gap:.5rem}
summary{overflow-wrap:anywhere;cursor:pointer;color:var(--link);padding:.25rem 0}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:.5rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
tr:last-child td{border-bottom:0}
th{font-size:.78rem;color:var(--soft);font-weight:600;white-space:nowrap}
.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.id{font-family:var(--mono);font-size:.8rem;overflow-wrap:anywhere;min-width:9rem}
td.bad{color:var(--fail);font-weight:700}td.meh{color:var(--warn);font-weight:600}
svg.bar{display:block;margin-top:.4rem;width:7rem;height:.6rem;border-radius:.3rem;background:var(--skipbg)}
.bar .p{fill:var(--pass)}.bar .f{fill:var(--fail)}.bar .w{fill:var(--warn)}
.find{position:sticky;top:0;z-index:1;background:var(--bg);padding:.6rem 0;display:flex;flex-wrap:wrap;gap:.5rem;align-items:center}
.find input,.find select{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:.4rem;padding:.45rem .6rem;min-width:0}
.find input{flex:1 1 12rem}
ul.ids{margin:.2rem 0 .6rem;padding-left:1.2rem;columns:18rem;font-family:var(--mono);font-size:.8rem;overflow-wrap:anywhere}
footer{padding:2rem 1rem 3rem;color:var(--soft);font-size:.85rem}
[hidden]{display:none!important}
@media(min-width:56rem){.pair{grid-template-columns:minmax(0,1fr) max-content}}
@media(max-width:34rem){.counts{grid-template-columns:repeat(2,1fr)}dl,article dl{grid-template-columns:minmax(0,1fr);gap:0}dd{margin-bottom:.4rem}article dt{padding-top:.1rem}
.wide{display:none}th{white-space:normal}th,td{padding:.4rem .35rem}.stack td{display:block;border-bottom:0;padding:.1rem .6rem}.stack td:nth-child(-n+2){display:inline-block;padding-right:0}.stack td:empty,.stack td.num{display:none}.stack tr{display:block;border-bottom:1px solid var(--line);padding:.4rem 0}.stack thead{display:none}}
@media print{.find{display:none}article{break-inside:avoid}.exchange pre{max-height:none}}
`;

/** Hides what does not match the search; reads texts of the page and writes only `hidden` and a count. */
export const SCRIPT = `
(function(){
var words=document.getElementById("words"),kind=document.getElementById("kind"),count=document.getElementById("count");
var items=Array.prototype.slice.call(document.querySelectorAll("[data-outcome]"));
var texts=items.map(function(item){return item.textContent.toLowerCase();});
function apply(){
var wanted=words.value.toLowerCase().split(" ").filter(Boolean),shown=0,all=0;
items.forEach(function(item,i){
var fits=(kind.value===""||item.getAttribute("data-outcome")===kind.value)&&wanted.every(function(w){return texts[i].indexOf(w)>=0;});
item.hidden=!fits;
if(item.tagName==="TR"){all++;if(fits)shown++;}
});
count.textContent=shown+" of "+all+" cases";
}
words.addEventListener("input",apply);kind.addEventListener("change",apply);
document.getElementById("find").hidden=false;apply();
})();
`;
