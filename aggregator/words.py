"""Words that tell English from its neighbours in a headline: data, and nothing else.

Function words of English and the vocabulary of its headlines, without what others print too, be it a cognate (Dutch
`water`), a loan (`team`) or a name (`bill`); and the function words of its neighbours that English does not print.
"""

from __future__ import annotations


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


ENGLISH = _words("""
    about accused accuses admits advances after again against agree agrees ahead aid airline airlines allegations
    allies ally along also although amid among and anger angry announces another any anything appeals approval
    approves are army around arrest arrested arrests asks assault awards away baby backed background backing backs
    bail banks banned bans battle be beat beaten beating beats because been before begin begins behind being below
    between bids big bird birth births blames blast blasts blaze bombing bombs books boost boosts born both bought
    boys break breaks bring brings broken build building builds built bury but buy buys by calls cannot careful
    caught charged cheap chief child children church civilians claim claims clash clashes clear climb climbs close
    closer closes collapse comeback coming company concern concerns confirms convicted costs could country counts
    court courts crackdown crashes crowd cuts daily dawn days dead deadline deadly death deaths debt declares defeat
    defeats defence defend defends defense delay delays deliver demand demands denied denies deny deploy despite
    destroys did died dies does doing done doubt down drag drive driver drops drought drown drowned drugs during
    each early earn earnings earthquake ease eases east economy edge edges eight either elected election elections
    else embassy ending ends enters epidemic ever every everything expects experts exports extends eyes face faces
    facing factory failed fails failure faith falls family farmers fast father favorite fear feared fears few fight
    fighter fighters fights finds fined fire fired firefighters fires firms five flee flees flights flood floods flu
    food forced forecast forecasts foreign former found four freed freedom fresh friend friends from further gains
    gambling get gets getting girls give given gives goals gone got government great growing grows growth guilty gun
    gunman gunmen guns halts have having head headed heads health hears heart heavy held helps here hers herself
    high higher highest hikes him himself hints his history holds homes hopes hostage hostages hour hours house how
    however hundreds hurricane hurt hurts if injured injuries injury inquiry into investigation investors island
    issues it its itself jail jailed jobless joins joy judge judges jumps just keep keeps key kidnapped kidnappers
    kill killed killers killing kills knife labour lacks largest latest launch launched launches law lawmaker
    lawmakers laws lawsuit lawyer lawyers leads least leaves left lend less lets lift lifts like likely lives living
    loan loans looks loom looms lose loses losing loss losses lost low lower lowest made make makers makes making
    many married maybe meet meeting meets merge merger middle might military missing money month months more mother
    mourn mourns moves much murder murders must my myself navy near nearly need needs neighbor never next nights
    nine nor north not nothing nuclear oath of off offers officer officers official officials often oil old only
    opening opens order orders other others ought our ours ousts out outbreak outlook overseas overtakes overview
    own owner owners paid peace peaks people perhaps phone picks pitcher players playing plays plea plead pleads
    pledge pledges plunge plunges poised poll polls poor praises pressure price prices prisoner prisoners probe
    probes profits promises protesters protests proves pulled pulls punch push pushes quake quarter quick quit quits
    raid raids rain rains raise raised raises rallies rates rather reach reaches ready reason rebel rebels recalls
    recession refugee refugees refuses rejects release released releases remain remains reported reports rescue
    rescued rescuers resigns retailer retire retires return returns reveal reveals ride rights riots rise rises
    rising risks rivals river road roads rockets rolls ruled rules ruling runs safe safety said sales saves say
    saying says scientists scores search season seat seats secretary security seek seeks seen seize seized seizes
    sell sells send sends sentence sentenced seven several shake shares sharp she sheds shelling shift ship ships
    shock shoot shooting shootings shoots shortage shot shots should shut shuts shuttle siege sign signs since sink
    sinks sixth slams slide slides slips slow slowdown slows slump slumps smoke smoking soar soars sold soldier
    soldiers some something soon sought south space spark sparks speech spend spending spokesman spread spy stabbed
    stabbing stake stalls stands statement states stays steady steal steel steps stocks stolen storms strength
    strike strikes strong struggle student students study stun stuns success sues suffer summer supplies supply
    surge surges survive survives survivors suspect suspected suspects swears sweeps sworn take takes taking talk
    talks tanker teacher teachers tells tensions than that the their theirs them themselves then there these they
    thieves thing things think this those though thousands threat threaten threatened threatens threats three
    through throws ticket tight times to today together told toll too tops torture tough touts toward towards town
    trade trades trading trains traps trial tribe tries triumph troop troops trouble truce truck true try tumbles
    turmoil turn turns twin two unable uncertain underway unions unless unrest until unveils up upbeat upon upset
    urge urged urges vaccine very victims victory view visits voice voted voter voters votes vow vows wage wages
    wait walk wants warn warned warning warnings warns wars was waste watch watchdog way we weak weapon weapons wear
    weather wedding weeks weigh weighs welcome were what when where whether which while white who whom whose why
    wildfire wins with within without woman women wonder word words work worker workers works world worry worse
    worth would wounded wounds wreck wrong year years yet yield yields you young younger your yours youth
""")

FOREIGN = _words("""
    aan al alla als ang anni anos após att au auf aus aux av avec año años bei bij bisa con contra contre cu của da
    dan dans dari das de degli dei del della dem den der des di din diz dopo dos du e een efter egy ei ein eine
    einen el em en ennen entre es est et från före für gegen hari het hoy ikke il ile im ini inte itu ja jadi je
    jest kan kein keine kembali không la lagi las le lebih les lo los mai mais med meer mehr mga mit morre mort mot
    muere más na naar nach ne nel neue ng người nicht nie niet noch non nya och oder og oh olan oldu om ont op ovat
    pada par para pe per più por pour przez på que sa sans se selon sem senza sin ska sobre som sont sous sta sua
    sul sur tai te tegen tidak til till tra tras trong uit um uma un una und une untuk usai van ve vers vil von voor
    và w wegen wird worden wurde y yang yeni z za ze zijn zu zum zur zwei zwischen à är è é în över
""")

# Words that every second article has, in English and Korean: they say nothing about what it is about.
COMMON = _words("""
    about after again against all also amid among and any are as at away back be because been before being between both
    but by can could day days did do does down during each end even every few first for from further get gets give go
    goes had has have having he her here his how if in into is it its just last late latest least less like make makes
    may me might month months more most much must my near new next no nor not now of off on once one only or other our
    out over own part per plans put says say said set sets she should since so some still such take takes than that the
    their them then there these they this those three through time to today told too top two under until up us use very
    via was way we week weeks well were what when where which while who whom whose why will with within without would
    year years yet you your yesterday tomorrow
    것으로 관련 기사 뉴스 대한 대해 따르면 말했다 모든 밝혔다 사진 없다 오늘 오전 오후 우리 위해
    이날 이번 있는 있다 지난 통해 함께
""")

# English words that headlines leave out as they please.
FILLERS = _words("a after an and are as at by for in is its of on said says the to with")
