"""What people write who want no more messages, by language: phrases, and what only looks like one.

Pure: tables only. A phrase is a row of words as `reply_grammar.words_of` returns them (lower case, no accents, no
apostrophes): `a|b` is either, also in brackets where these are several words, `(a b|c)`; `[…]` may be missing, `<name>`
is a word of a class (`stop_words`), `<name>*` any number of them, `!a|b` says that neither follows, and a comma is a
break (punctuation, a new line). How a reply is read by them is said in `reply_grammar`.
"""

from __future__ import annotations

from attrs import frozen

__all__ = ["LANGUAGES", "Language"]


@frozen
class Language:
    """The phrases of one language."""

    #: What asks for no more messages, if the whole reply is made of such phrases, reasons and courtesy.
    stops: tuple[str, ...]
    #: What may stand before or after it, and asks for nothing by itself.
    leads: tuple[str, ...] = ()
    #: What may stand beside it, and lets a person look at the reply where it stands alone.
    reasons: tuple[str, ...] = ()
    #: What lets a person look at a reply that is nothing else but courtesy: it may speak of the appointment.
    doubts: tuple[str, ...] = ()
    #: What lets a person look at a reply wherever it stands in it.
    hints: tuple[str, ...] = ()
    #: What holds such words and is no reason to look: "don't stop", "stop by at 3".
    harmless: tuple[str, ...] = ()


_ENGLISH = Language(
    stops=(
        "<stop> [<these>|tout|tous|todo|todos|alle|alles]",
        "<stop> <all>* <texts> [to <me>]",
        "<stop> [to|from] <me> [<these>]",
        "stop sending [<me>] [<these>|<texts>]",
        "stop sending [<me>] <all>* <texts> [to <me>]",
        "stop sending <these> [to <me>]",
        "stop <texting> [<me>] [<all>* <texts>]",
        "stop [with] <all>* <texts> [to <me>]",
        "quit [<these>]",
        "quit <texting>|sending [<me>] [<all>* <texts>]",
        "cease [<texting>|<these>] [<me>] [<all>* <texts>]",
        "(turn off|switch off|discontinue|disable|deactivate|halt) <all>* <texts>",
        "quit|end|cancel <all>* <texts>",
        "quit|end|cancel [my|the] subscription|subscriptions",
        "no <all>* <texts> [to <me>] [<ever>]",
        "<dont> [ever] text|txt|message|msg|contact|sms [to] [<me>] [<ever>]",
        "<dont> [ever] send [to] [<me>] <all>* <texts> [to <me>] [<ever>]",
        "no more|further contact|contacting|texting|messaging [<me>]",
        "<dont> [ever] bother|bug|disturb|harass|spam <me> [<ever>]",
        "<dont> [ever] write|remind|notify [to] [<me>] <ever>",
        "lose|forget|erase my number",
        "unsubscribe|unsub|optout <me> [from <all>* <list>|<texts>]",
        "unsubscribe|unsub from <all>* <list>|<texts>",
        "remove|delete (me|us|my number|this number|my phone number|my phone) [from <all>* <list>|<texts>]",
        "take|get (me|us|my number|this number) off|out [of] <all>* <list>|<texts>",
        "[i] [am] opt|opting [me|us] out [of|from] [<all>* <list>|<texts>]",
        "<want> to (unsubscribe|opt out) [from|of] [<all>* <list>|<texts>]",
        "<want> to be removed [from <all>* <list>]",
        "<want> to stop receiving|getting <all>* <texts>",
        "<want> to stop receiving|getting <these>",
        "<want> you to stop <texting> [<me>]",
        "<want> you to stop sending [<me>] [<all>* <texts>]",
        "[i|we] <dont> want|need|wish [to] [receive|get] <all>* <texts> [from you] [<ever>]",
        "<want> no <all>* <texts> [from you] [<ever>]",
        "[i|we] <dont> want [to] [receive|get|have] a|another <all>* <texts> [from you] [<ever>]",
        "[i|we] <dont> want you to text|message|contact|remind|write [to] [<me>] [<ever>]",
        "[i|we] <dont> want to receive|get <these> [<ever>]",
        "[i|we] <dont> want to be texted|contacted|messaged|reminded|notified|bothered [<ever>]",
        "[i|we] no longer want|need [to] [receive|get] <all>* <texts> [from you]",
        "[i] revoke|withdraw [my|all] consent [(to be|to receive|to get|for|to)] [texted|contacted] [<all>* <texts>]",
        "i <dont> consent [to <all>* <texts>] [to <these>] [to be|being texted|contacted|messaged]",
        "leave me|us alone",
    ),
    leads=(
        "can|could|would|will you", "i said", "i told you to", "i asked you to", "i am asking you to", "you must",
        "you need to", "you have to", "yes", "no ,", "<now>",
    ),
    reasons=(
        "[(you have|you got|you ve got|this is|its|it is)] [the|a] wrong number|person",
        "[(i am|im)] not interested",
        "[(i am|im)] no longer interested",
        "no (thanks|thank you)",
    ),
    doubts=(
        "cancel|end [<now>]", "quit|end <these>", "<want> to quit|end [<these>]", "<want> out",
        "[(thats|that is)] enough [<now>] [of <these>]", "<dont> disturb|bother", "(knock it off|cut it out)",
    ),
    hints=(
        "stop|stopp|st0p|stpo|sotp|stopall", "unsub|unsubscribe|unsubscribed|optout", "opt|opting [me] out",
        "remove (me|us|this number|my number)", "to be removed", "wrong number|person", "not|longer interested",
        "no more !than|questions|worries|problems|issues|time|pain", "no <all>* <texts>",
        "<dont> [ever] text|txt|message|msg|contact|send", "not get|getting|receive|receiving|want <all>* <texts>",
        "<dont> want|need [to] [receive|get|have] [a|an|another] <all>* <texts>",
        "<dont> need (reminding|to be reminded)",
        "<dont> (need to|have to) text|message|remind|contact|notify", "no need to text|message|remind|contact|notify",
        "no need for|of [a|any] <all>* <texts>", "<dont> [ever] write|remind|notify|bother|bug|spam [to] <me>",
        "<texts> [is|are] (not|no longer|isnt|arent) needed|necessary|wanted|required",
        "turn|switch off <these>", "turn|switch <these> off", "enough of <all>* <these>|<texts>",
        "sick|tired of <all>* <texting>|<texts>",
        "cease", "shut up", "get lost", "fuck|piss|bugger|sod|f off", "fuck|screw you",
        "instead of <texting>|<texts>", "take|get me off", "off <all>* <list>",
        "do not call list", "leave me alone", "revoke|withdraw [my|all] consent", "<not> consent",
        "consent to be|receive|<these>|<texts>", "spam|spamming|harass|harassing|harassment", "go away",
    ),
    harmless=(
        "not receiving notifications , if this is urgent",
        "no need to stop",
        "<not> [(ever|just|really|please|want to|have to|need to|you)] (stop|unsubscribe|unsub|quit|remove|opt out)",
        "stop by !text|texts|sms|phone|email|mail", "stop|stops|stopped at !once",
        "stop|stops|stopped in|over|off|for|on|round|around|near|there|sign|light|lights",
        "bus|train|tram|metro|subway|tube|ferry|next|last|first|second|one|a|the stop",
        "pit|truck|rest|quick|short|full|non stop",
        "stop [my|the|his|her|our|these|those|all|any|taking] [of] [my|the] <treatment>",
    ),
)  # fmt: skip

_GERMAN = Language(
    stops=(
        "keine [weiteren] <nachrichten> [mehr] [senden|schicken|schreiben]",
        "keine weiteren <nachrichten> [mehr] [erhalten|bekommen]",
        "keine <nachrichten>|<nachricht> mehr [senden|schicken|schreiben|erhalten|bekommen]",
        "keine weitere <nachricht> [mehr] [senden|schicken|erhalten|bekommen]",
        "[ich|wir] <mochte> keine [weiteren|weitere] <nachrichten>|<nachricht> [mehr] [erhalten|bekommen|haben]",
        "[ich|wir] <mochte> nichts mehr [von ihnen|euch] erhalten|bekommen",
        "[ich|wir] brauche|brauchen|benotige|benotigen keine [weiteren] <nachrichten>|<nachricht> mehr",
        "<schicken> [sie] mir|uns keine [weiteren|weitere] <nachrichten>|<nachricht> [mehr]",
        "<schicken> [sie] keine <nachrichten>|<nachricht> mehr",
        "<schicken> [sie] mir|uns nicht|nichts mehr",
        "[mir] nichts mehr senden|schicken|schreiben",
        "[mir|mich] nicht mehr schreiben|kontaktieren|anschreiben|texten|benachrichtigen",
        "kontaktieren|kontaktiert|kontaktiere [sie] mich nicht mehr",
        "storen|stort|belastigen|belastigt [sie] mich nicht [mehr]",
        "horen|hort|hor [sie] [endlich|jetzt] auf [damit] [mir zu schreiben]",
        "aufhoren|aufhoeren",
        "schluss damit|jetzt",
        "schluss mit [den|diesen|euren|ihren] <nachrichten>",
        "[mich|uns] abmelden|austragen|abbestellen|loschen",
        "abmeldung|abbestellung",
        "melden [sie] mich ab",
        "tragen [sie] mich aus",
        "[(mich|meine nummer)] aus <dem> liste|verteiler loschen|entfernen|streichen|nehmen",
        "loschen|entfernen|streichen [sie] (mich|meine nummer) [aus <dem> liste|verteiler]",
        "nehmen [sie] (mich|meine nummer) aus <dem> liste|verteiler",
        "meine nummer loschen|entfernen|streichen",
        "[ich] widerrufe [meine|die] einwilligung|zustimmung",
        "ich widerrufe",
        "lassen|lass|lasst [sie] mich|uns in ruhe",
    ),
    leads=("sofort", "endlich", "jetzt", "konnen|konnten sie", "ich <mochte>"),
    reasons=("falsche|verkehrte nummer", "[sie haben] [die] falsche nummer", "kein interesse"),
    doubts=("schluss", "ruhe", "genug [jetzt]", "es|das reicht [jetzt]", "nicht [mehr] storen", "lassen sie das"),
    hints=(
        "falsche|verkehrte nummer", "nicht mehr schreiben|kontaktieren|anschreiben", "verteiler",
        "keine [weiteren|weitere] <nachrichten>|<nachricht>", "kein|keinen kontakt", "schreiben [sie] mir nicht",
        "abmelden|abbestellen|austragen", "widerrufe|widerruf", "belastigung|belastigen|spam",
    ),
    harmless=("nicht|nie stoppen|abmelden|abbestellen|austragen|aufhoren", "stopp|stoppen|stoppt [sie|bitte] nicht"),
)  # fmt: skip

_FRENCH = Language(
    stops=(
        "<arretez> [de] [(menvoyer|me envoyer|mecrire|me contacter)] [vos|les|ces|des|de] [<rappels>]",
        "<arretez> ca|cela|tout",
        "plus [de|aucun] <rappels>",
        "ne mecrivez|mecris plus|pas",
        "ne me|nous contactez|contacte|ecrivez|envoyez|derangez|derange plus [rien] [de] [<rappels>]",
        "ne me|nous contactez|derangez pas",
        "ne menvoyez|menvoie plus|rien [de|rien] [<rappels>]",
        "ne menvoyez|menvoie pas [de] <rappels>",
        "nenvoyez|necrivez plus [rien] [de] [<rappels>]",
        "[de] ne plus (menvoyer|envoyer|recevoir|mecrire|ecrire|me contacter) [de|des|vos|ces] [<rappels>]",
        "[je] [ne] veux|souhaite|desire plus [recevoir] [de|vos|ces] <rappels>",
        "[je] [ne] veux|souhaite|desire plus rien recevoir",
        "[je] [ne] veux|souhaite|desire pas [recevoir] de|des|vos|ces|un <rappels>",
        "desabonnez|desinscrivez moi",
        "[me|se] desabonner|desinscrire",
        "desabonnement|desinscription",
        "retirez|enlevez|supprimez moi [de votre|la|cette liste]",
        "retirez|enlevez|supprimez|effacez|retirer|enlever|supprimer|effacer mon numero [de votre|la|cette liste]",
        "je retire mon consentement",
        "laissez|laisse|fichez|foutez moi (tranquille|en paix|la paix)",
    ),
    leads=(
        "tout de suite", "immediatement", "maintenant", "je veux|voudrais|souhaite|souhaiterais|desire|aimerais",
        "pouvez|pourriez vous", "veuillez", "merci de",
    ),
    reasons=("[(cest un|c est un|vous avez un|vous avez le)] mauvais|faux numero", "pas interesse|interessee"),
    doubts=("[ca] suffit [maintenant]", "assez [maintenant]"),
    hints=(
        "pas|aucun [de|dautre|dautres] <rappels>", "pas besoin de|dun|des <rappels>", "cessez|stoppez", "ai marre",
        "mauvais|faux numero", "ne mecrivez|menvoyez plus", "ne me contactez plus", "plus de messages|sms|rappels",
        "desabonner|desabonnez|desinscrire|desinscription", "harcelement",
    ),
    harmless=(
        "narretez|narrete pas", "ne pas arreter|desabonner", "arret maladie|cardiaque|travail",
        "arret de|du bus|tram|metro|travail|car",
    ),
)  # fmt: skip

_SPANISH = Language(
    stops=(
        "no [mas] <mensajes>",
        "alto|basta|pare|paren|parad|detengan|detenganse|detengase [ya|ahora]",
        "basta|paren|pare [ya] [de|con] [los|sus|estos] <mensajes>",
        "no me|nos <manden> [mas] [<mensajes>] [mas]",
        "no manden|mandes|mandar|envien|envies|enviar [me] [mas] <mensajes> [mas]",
        "no manden|mandes|mandar|envien|envies|enviar|escribir mas|nada",
        "no mandarme|enviarme|escribirme|contactarme|molestarme [mas] [<mensajes>] [mas]",
        "no me|nos <escriban> [mas]",
        "no escriban|escriba|escribas|escribir|molesten|moleste|molestes|molestar [mas]",
        "no quiero|queremos|deseo [recibir] [mas|un|ningun|otro] <mensajes>|<recordatorio> [mas]",
        "no quiero|deseo recibir [mas] nada",
        "no quiero|deseo que me <manden>|<escriban> [mas] [<mensajes>] [mas]",
        "no necesito mas <mensajes>|<recordatorio>",
        "<dejen> de escribirme|enviarme|mandarme|contactarme|molestarme [mas] [<mensajes>]",
        "<dejen> de escribir|enviar|mandar|contactar|molestar [me] [mas] [<mensajes>]",
        "dar|darme|deme|denme|dame|denos de baja",
        "cancelar|cancelen|cancele|anular [la|mi] suscripcion",
        "cancelar|cancelen|cancele [los|sus|estos] <mensajes>",
        "<quitenme> [de la|su|esta lista]",
        "<quiten> mi numero [de la|su|esta lista]",
        "desuscribir|desuscribirme|desuscribanme|desuscribeme",
        "retiro mi consentimiento",
        "dejenme|dejeme|dejame|dejadme (en paz|tranquilo|tranquila)",
    ),
    leads=("ya", "ahora", "inmediatamente", "quiero", "pueden|podrian"),
    reasons=(
        "[(es|es el|tiene el|tienen el)] numero equivocado", "no me interesa", "no estoy interesado|interesada",
    ),
    doubts=("[ya] no mas [ya]", "para [ya]", "[ya] [es] suficiente", "ya estuvo [bueno]"),
    hints=(
        "numero equivocado", "no me|nos <manden>|<escriban>", "no mas mensajes|sms", "<dejen> de <mandar>",
        "no <manden>|<escriban> [me] mas|<mensajes>",
        "no quiero|deseo|necesito [mas|un|ningun|el] <mensajes>|<recordatorio>", "harto|harta de",
        "dejen de", "de baja", "acoso",
        "no hace falta [el|un|mas] <mensajes>|<recordatorio>", "desuscribir|desuscribirme",
    ),
    harmless=("estoy|esta|sigo|estuve de baja", "planta baja", "no paren|paren de"),
)  # fmt: skip

_PORTUGUESE = Language(
    stops=(
        "parem",
        "<parem> com isso",
        "<parem> com [as|os|essas|esses] <mensagens>",
        "<parem> de [me] enviar|mandar|escrever|contatar|contactar|incomodar|perturbar [mais] [<mensagens>]",
        "nao [me] enviem|envie|mandem|mande|mandes|escrevam|escreva [mais] [<mensagens>] [mais]",
        "nao [me] enviar|mandar|escrever mais [<mensagens>]",
        "nao [me] enviar|mandar <mensagens>",
        "nao [me] incomode|incomodem|incomodar|perturbe|perturbem|perturbar [mais]",
        "nao me contate|contatem|contacte|contactem|contatar [mais]",
        "[eu] nao quero|queremos|desejo [mais] [receber] [mais] [um|nenhum|nenhuma] <mensagens>|<lembrete>",
        "[eu] nao quero receber [mais] nada",
        "nao preciso mais de <mensagens>|<lembrete>",
        "chega de <mensagens>",
        "sem mais <mensagens>",
        "[quero] cancelar [a|minha] inscricao|assinatura",
        "cancelar|cancelem|cancele [as|os] <mensagens>",
        "<remova> [o] meu numero [da lista]",
        "<remova> me [da lista]",
        "me <remova> [da lista]",
        "descadastrar|descadastre [me]",
        "retiro o meu consentimento",
        "[me] deixem|deixe|deixa [me] em paz",
    ),
    leads=("ja", "agora", "imediatamente", "podem|poderiam"),
    reasons=("[e o] numero errado", "nao tenho interesse"),
    doubts=("[ja] chega [ja|disso]", "nao|nunca mais"),
    hints=(
        "numero errado", "nao me mandem|enviem|escrevam|contatem", "parem de", "descadastrar",
        "<parem> de [me] mandar|enviar|escrever", "nao preciso|quero [de] [um|nenhum|nenhuma] <mensagens>|<lembrete>",
    ),
    harmless=("nao parem|pare|parar",),
)  # fmt: skip

_ITALIAN = Language(
    stops=(
        "basta [con|coi] [i|gli|questi] <messaggi>",
        "niente|nessun|mai piu <messaggi>",
        "non <scrivetemi> [piu] [altri] [<messaggi>]",
        "non mi scriva|mandi|invii|contatti|disturbi|scrivete|mandate|inviate|contattate|disturbate piu [<messaggi>]",
        "non scrivete|scrivere|mandate|mandare|inviate|inviare|contattate|contattare piu [<messaggi>]",
        "non mandate|mandare|inviate|inviare [altri] <messaggi>",
        "non disturbate|disturbare|disturbatemi|disturbarmi [piu]",
        "non voglio|vogliamo|desidero [piu] [ricevere] [piu] [altri|un|nessun] <messaggi>",
        "non voglio [piu] ricevere [piu] niente|nulla",
        "non ho piu bisogno di <messaggi>",
        "<smettetela> [di <scrivermi>] [<messaggi>]",
        "cancellatemi|toglietemi|rimuovetemi|eliminatemi|cancellami|toglimi|rimuovimi|eliminami [dalla lista]",
        "cancellate|cancella|cancellare|rimuovete|rimuovi|eliminate|elimina|togliete il mio numero [dalla lista]",
        "disiscrivetemi|disiscrivimi|disiscrivermi|disiscrizione",
        "revoco|ritiro il [mio] consenso",
        "(lasciatemi|lasciami|mi lasci) (in pace|stare)",
    ),
    leads=("subito", "immediatamente", "ora", "adesso", "potete|potreste", "voglio|vorrei"),
    reasons=("[(avete il|e il)] numero sbagliato", "non mi interessa", "non sono interessato|interessata"),
    doubts=("basta cosi", "[e] abbastanza", "mai|non piu"),
    hints=(
        "numero sbagliato", "non <scrivetemi>", "disiscrivermi|disiscrivetemi", "<smettetela> di <scrivermi>",
        "niente|nessun [altri|altro] <messaggi>",
        "non [mi] voglio|serve|servono [piu] [un] <messaggi>",
        "non ho [piu] bisogno di|del [un] <messaggi>",
    ),
    harmless=("non smettete",),
)  # fmt: skip

_DUTCH = Language(
    stops=(
        "geen [verdere] <berichten> [meer] [sturen]",
        "niet meer (berichten|smsen|appen|sturen|schrijven|contacteren|contact opnemen)",
        "geen [verdere] <berichten>|<herinnering> meer [sturen|ontvangen]",
        "stuur|stuurt [mij|me|ons] niets|niks meer",
        "stuur|stuurt mij|me|ons geen [verdere] <berichten>|<herinnering> [meer]",
        "schrijf|schrijft|app mij|me niet meer",
        "stop|stoppen met (sms en|smsen|berichten|sturen|appen|schrijven) [sturen]",
        "(stop ermee|stop er mee|stop hiermee|hou op|houd op|ophouden|hou ermee op) [met <sturen>] [sturen]",
        "[ik|wij|we] wil|willen|wens|wensen geen [verdere] <berichten>|<herinnering> [meer] [(te ontvangen|ontvangen)]",
        "ik wil niets meer ontvangen",
        "[ik] hoef geen <berichten>|<herinnering> meer",
        "meld mij|me|ons af",
        "[mij|me] uitschrijven|afmelden",
        "schrijf mij|me uit",
        "haal (mij|me|mijn nummer) van de|deze|uw|jullie lijst",
        "verwijder (mijn nummer|mij|me) [van|uit de|deze|uw|jullie lijst]",
        "ik trek mijn toestemming in",
        "laat mij|me|ons met rust",
    ),
    leads=("nu", "direct", "(kunt u|kun je)", "ik wil|zou [mij|me]"),
    reasons=("[(dit is het|u heeft het|je hebt het)] verkeerd|verkeerde nummer", "geen interesse"),
    doubts=("genoeg", "het|dit|dat is genoeg", "niet storen", "niet meer"),
    hints=(
        "verkeerd|verkeerde nummer", "geen berichten|sms meer", "niet meer berichten|sturen", "uitschrijven|afmelden",
        "hoef|wil|wens geen <berichten>|<herinnering>", "geen <berichten>|<herinnering> [meer] nodig",
    ),
    harmless=("ik|we|wij stop|stoppen", "niet stoppen|afmelden|uitschrijven", "stop niet", "stop om|bij|op"),
)  # fmt: skip

_SWEDISH = Language(
    stops=(
        "inga [fler|flera|mer] <meddelanden>",
        "inget|ingen mer|fler <paminnelse>",
        "sluta|stoppa [(upp|med detta)]",
        "sluta [att] skicka|smsa|skriva|kontakta|stora [mig] [fler] [<meddelanden>] [till mig]",
        "sluta med <meddelanden>",
        "skicka|skriv inte [mer|fler] [<meddelanden>] [till mig]",
        "skicka inga|inget [fler|mer] [<meddelanden>|<paminnelse>] [till mig]",
        "[jag|vi] vill inte ha|fa [fler|nagra|mer|en|nagon|ett] <meddelanden>|<paminnelse> [mer]",
        "[jag|vi] vill inte bli kontaktad|kontaktade [mer]",
        "stor mig|oss inte [mer]",
        "kontakta mig inte [mer|igen]",
        "avregistrera|avanmal [mig]",
        "ta bort (mig|mitt nummer) [fran listan]",
        "lamna|lat mig|oss (i fred|ifred|vara|vara i fred|vara ifred)",
    ),
    leads=("genast",),
    reasons=("[ni har] fel nummer", "inte intresserad"),
    doubts=("lagg av", "nog [nu]", "[nu|det] racker [det|nu]", "inga fler|mer", "inte mer"),
    hints=(
        "fel nummer", "inga fler meddelanden|sms", "kontakta mig inte", "sluta skicka|smsa|skriva|kontakta",
        "behover ingen|inget|inga|inte [nagon|nagra|fler|en] <meddelanden>|<paminnelse>",
    ),
    harmless=("sluta|stoppa|stopp inte", "inte sluta|stoppa"),
)  # fmt: skip

_DANISH_AND_NORWEGIAN = Language(
    stops=(
        "ikke|ingen flere|mere|mer <beskeder>|<besked>",
        "stop|stopp|slut|slutt [med] at|a skrive|sende|smse|kontakte [mig|meg] [<beskeder>] [til mig|meg]",
        "(hold op|hold opp) [med] [(at skrive|at sende|at smse|a skrive|a sende)] [mig|meg] [<beskeder>] [til mig|meg]",
        "skriv|send [mig|meg] ikke [flere|mere|mer] [<beskeder>|<besked>] [til mig|meg]",
        "send [mig|meg] ingen [flere|mere|mer] <beskeder>|<besked>",
        "ikke send|sende|skriv|skrive|kontakt|kontakte|forstyrr [til] [mig|meg] [flere|mere|mer|igen] [<beskeder>]",
        "[jeg|vi] vil|ønsker ikke have|ha|modtage|motta|fa [flere|mere|mer|noen|nogen|en] <beskeder>|<besked>",
        "[jeg|vi] vil|ønsker ingen|ikke [flere|mere|mer] <beskeder>|<besked>",
        "kontakt|forstyr|forstyrr mig|meg ikke [igen|mer|mere]",
        "afmeld|frameld|avmeld [mig|meg]",
        "afmelding|framelding|avmelding",
        "meld mig|meg fra|av",
        "slet|slett|fjern (mit nummer|mitt nummer|nummeret mitt|mig|meg) [fra listen|lista]",
        "lad|la mig|meg|os|oss være [i fred]",
    ),
    leads=("straks", "na"),
    reasons=("feil|forkert nummer", "ikke interesseret|interessert"),
    doubts=("nok [nu|na]", "[det|sa] er nok [nu|na]", "slut|slutt [nu]", "ikke mer|mere", "ingen flere"),
    hints=(
        "forkert|feil nummer", "ikke|ingen flere beskeder|meldinger|sms",
        "vil|ønsker ikke|ingen [have|ha|modtage|motta] [en|nogen|noen|flere] <beskeder>|<besked>",
        "(behøver|trenger|har brug for) ikke|ingen [flere|en|noen] <beskeder>|<besked>",
    ),
    harmless=("stop|stopp|slutt ikke", "ikke stop|stopp|stoppe|afmeld|slutt"),
)  # fmt: skip

_POLISH = Language(
    stops=(
        "przestan|przestancie|przestac [(mi|do mnie)] [pisac|wysylac|przysylac] [(mi|do mnie)] [<wiadomosci>]",
        "nie pisac|pisz|piszcie [do mnie] [wiecej|juz]",
        "nie kontaktujcie|kontaktuj|kontaktowac sie ze mna [wiecej]",
        "nie wysylajcie|wysylaj|wysylac|przysylajcie|przysylaj|przysylac [mi] [wiecej|juz] [<wiadomosci>] [wiecej]",
        "nie przeszkadzac|przeszkadzaj|przeszkadzajcie",
        "koniec|dosc [z|tych] <wiadomosci>",
        "zadnych wiecej|nowych <wiadomosci>",
        "zadnych <wiadomosci> wiecej",
        "[ja] nie chce|chcemy [wiecej|juz] [zadnych] [otrzymywac|dostawac] [wiecej|zadnych] <wiadomosci> [wiecej]",
        "wypisz|wypiszcie|wypisac|usun|usuncie|usunac mnie [z listy]",
        "mnie wypisac|usunac [z listy]",
        "usun|usuncie|usunac moj numer [z listy]",
        "rezygnuje",
        "cofam zgode",
        "zostawcie|zostaw mnie w spokoju",
        "daj|dajcie [mi] [swiety] spokoj",
    ),
    leads=("juz", "natychmiast"),
    reasons=("zły|zly|bledny|błedny numer", "[to] pomyłka|pomylka"),
    doubts=("koniec [z tym]", "dosc [tego]", "[juz] wystarczy [juz]"),
    hints=(
        "zły|zly numer", "pomyłka|pomylka", "nie pisz|piszcie", "wypisz|wypiszcie", "przestan|przestancie",
        "nie potrzebuje|chce [juz] [zadnych] <wiadomosci>", "zadnych <wiadomosci>",
        "nie trzeba <wiadomosci>|przypominac",
    ),
    harmless=("nie przestawaj|przestawajcie",),
)  # fmt: skip

_RUSSIAN = Language(
    stops=(
        "отписаться|отпишите|отпиши [меня]",
        "не <пишите> [мне] [больше] [<сообщений>]",
        "больше не <пишите> [мне] [<сообщений>]",
        "не писать|присылать [мне] [больше] [<сообщений>]",
        "<перестаньте> [мне] [<писать>] [мне|меня] [<сообщений>]",
        "хватит [мне] [<писать>] [<сообщений>] [мне]",
        "[больше] не надо|нужно [мне] [больше] [мне] <писать> [мне] [больше] [<сообщений>]",
        "больше не надо|нужно|нужны <сообщений>",
        "[я] [больше] не хочу [больше] [получать] [больше] <сообщений>",
        "отключите|отключить|выключите <сообщений>|рассылку",
        "удалите|удалить|уберите|убрать (мой номер|меня) [из списка|базы]",
        "оставьте|оставь меня|нас в покое",
        "отстаньте|отстань [от меня]",
        "отмена подписки|рассылки",
        "не беспокойте [меня]",
    ),
    leads=("сейчас", "немедленно"),
    reasons=("[это] неправильный|неверный номер", "вы ошиблись [номером]", "не интересно"),
    doubts=("достаточно", "довольно", "[больше] не надо|нужно [больше]"),
    hints=(
        "неправильный|неверный номер", "вы ошиблись", "не пишите|присылайте", "<перестаньте> <писать>", "спам",
        "не надо|нужно|нужны|хочу [мне] <сообщений>",
    ),
    harmless=("не останавливайтесь|отписывайте",),
)  # fmt: skip

LANGUAGES = (
    _ENGLISH, _GERMAN, _FRENCH, _SPANISH, _PORTUGUESE, _ITALIAN, _DUTCH, _SWEDISH, _DANISH_AND_NORWEGIAN, _POLISH,
    _RUSSIAN,
)  # fmt: skip
"""Every language; a reply may mix them ("stop svp")."""
