"""What people write who want no more messages, by language: phrases, and what only looks like one.

Pure: tables only. A phrase is a row of words as `reply_grammar.words_of` returns them (lower case, no accents, no
apostrophes): `a|b` is either, also in brackets where these are several words, `(a b|c)`; `[…]` may be missing, `<name>`
is a word of a class, `<name>*` any number of them, `!a|b` says that neither follows, and a comma is a break
(punctuation, a new line). How a reply is read by them is said in `reply_grammar`.
"""

from __future__ import annotations

from attrs import frozen

__all__ = ["ALONE", "CLASSES", "COURTESY", "LANGUAGES", "SIGNATURES", "Language"]


@frozen
class Language:
    """The phrases of one language."""

    #: What asks for no more messages, if the whole reply is made of such phrases, reasons and courtesy.
    stops: tuple[str, ...]
    #: What may stand before or after it, and asks for nothing by itself.
    leads: tuple[str, ...] = ()
    #: What may stand beside it, and lets a person look at the reply where it stands alone.
    reasons: tuple[str, ...] = ()
    #: What lets a person look at a reply wherever it stands in it.
    hints: tuple[str, ...] = ()
    #: What holds such words and is no reason to look: "don't stop", "stop by at 3".
    harmless: tuple[str, ...] = ()


ALONE = ("cancel", "end", "quit", "alto", "basta", "pare")
"""Words that mean a STOP where they are the whole reply: "cancel please" may speak of the appointment."""

COURTESY = (
    "please", "pls", "plz", "thanks", "thank you", "thank you very much", "thx", "ty", "and", "ok", "okay", "hi",
    "hello", "hey", "sir", "madam", "kindly", "so", "just", "bitte", "danke", "svp", "s il vous plait",
    "sil vous plait", "merci", "por favor", "gracias", "obrigado", "obrigada", "per favore", "grazie", "alsjeblieft",
    "alstublieft", "aub", "dank je", "dank u", "tack", "snalla", "tak", "venligst", "takk", "vennligst", "prosze",
    "dziekuje", "пожалуйста", "спасибо",
)  # fmt: skip
"""Courtesy and filling, which changes nothing: "Stop. Thank you" is a STOP."""

SIGNATURES = (
    "sent from", "sent via", "get outlook for", "von meinem", "gesendet von", "envoye de",
    "enviado do", "enviado de", "inviato da", "verstuurd vanaf", "verzonden vanaf",
    "skickat fran", "sendt fra", "wyslane z", "wyslano z", "отправлено с",
)  # fmt: skip
"""How the line begins that a phone or a mail program writes below a reply."""

CLASSES = {
    # A STOP in one word, also beside courtesy. The English ones are in the lists of Telnyx ("Advanced Opt-In/Out") and
    # Twilio ("Advanced Opt-Out"); the others are taken here although a provider may not know them.
    "stop": (
        "stop", "stopp", "st0p", "stopall", "stop all", "unsubscribe", "unsub", "optout", "revoke", "abmelden", "arret",
        "arreter", "arretez", "desabonner", "baja", "parar", "sair", "stoppen", "afmelden", "avsluta", "стоп",
    ),
    # English.
    "me": (
        "me", "us", "this number", "this phone", "my number", "my phone", "my cell", "my mobile", "my phone number",
        "my cell phone", "here",
    ),
    "all": (
        "all", "any", "more", "any more", "anymore", "further", "future", "the", "these", "those", "this", "your",
        "my", "such", "of", "automated", "automatic", "appointment", "sms", "text", "txt",
    ),
    "these": ("this", "that", "these", "those", "them", "anything", "it", "everything", "all"),
    "texts": (
        "text", "texts", "txt", "txts", "message", "messages", "msg", "msgs", "sms", "mms", "reminder", "reminders",
        "notification", "notifications", "alert", "alerts", "communication", "communications",
    ),
    "texting": (
        "texting", "txting", "messaging", "msging", "contacting", "spamming", "bothering", "bugging", "harassing",
        "pestering", "writing", "writing to", "notifying", "reminding",
    ),
    "list": (
        "list", "lists", "mailing list", "text list", "texting list", "sms list", "contact list", "system", "database",
        "contacts", "records",
    ),
    "want": (
        "i want", "i would like", "i wish", "i d like", "id like", "i need", "we want", "we would like", "want",
        "would like",
    ),
    "dont": ("dont", "do not", "don t", "never", "please not"),
    "ever": ("again", "anymore", "any more", "ever", "ever again", "no more", "at all"),
    "now": ("now", "already", "immediately", "right now", "right away", "at once", "asap", "forever", "for good"),
    "not": (
        "dont", "do not", "don t", "never", "cant", "can not", "cannot", "wont", "will not", "doesnt", "does not",
        "didnt", "did not", "wouldnt", "would not", "shouldnt", "should not", "couldnt", "isnt", "not", "without",
    ),
    "treatment": (
        "medication", "medications", "medicine", "medicines", "meds", "pill", "pills", "tablet", "tablets", "drug",
        "drugs", "treatment", "treatments", "therapy", "antibiotic", "antibiotics", "aspirin", "insulin", "ibuprofen",
        "blood thinner", "blood thinners", "drops", "cream", "diet", "bleeding", "pain",
    ),
    # Messages in the other languages, in their order below.
    "nachrichten": ("nachrichten", "sms", "erinnerungen", "erinnerung", "texte", "mitteilungen"),
    "rappels": ("message", "messages", "sms", "rappel", "rappels", "textos"),
    "mensajes": ("mensajes", "mensaje", "sms", "textos", "recordatorios", "avisos"),
    "mensagens": ("mensagens", "mensagem", "sms", "lembretes"),
    "messaggi": ("messaggi", "messaggio", "sms", "promemoria", "avvisi"),
    "berichten": ("berichten", "bericht", "sms", "smsjes", "smssen", "herinneringen"),
    "meddelanden": ("meddelanden", "sms", "paminnelser"),
    "beskeder": ("beskeder", "meldinger", "sms", "smser", "pamindelser", "paminnelser"),
    "wiadomosci": ("wiadomosci", "sms", "smsow", "przypomnien"),
    "сообщений": ("сообщений", "сообщения", "смс", "напоминаний"),
}  # fmt: skip
"""Classes of words, by the name that phrases know them by."""

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
        "quit <texting>|sending [<me>] [<all>* <texts>]",
        "quit|end|cancel <all>* <texts>",
        "quit|end|cancel [my|the] subscription|subscriptions",
        "no <all>* <texts> [to <me>] [<ever>]",
        "<dont> [ever] text|txt|message|msg|contact|sms [to] [<me>] [<ever>]",
        "<dont> [ever] send [to] [<me>] <all>* <texts> [to <me>] [<ever>]",
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
        "[i|we] <dont> want|need [to] [receive|get] <all>* <texts> [from you] [<ever>]",
        "[i|we] <dont> want to receive|get <these> [<ever>]",
        "[i|we] <dont> want to be texted|contacted|messaged [<ever>]",
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
    hints=(
        "stop|stopp|st0p|stpo|sotp|stopall", "unsub|unsubscribe|unsubscribed|optout", "opt|opting [me] out",
        "remove (me|us|this number|my number)", "to be removed", "wrong number|person", "not|longer interested",
        "no more !than|questions|worries|problems|issues|time|pain", "no <all>* <texts>",
        "<dont> [ever] text|txt|message|msg|contact|send", "not get|getting|receive|receiving|want <all>* <texts>",
        "dont want <all>* <texts>", "instead of <texting>|<texts>", "take|get me off", "off <all>* <list>",
        "do not call list", "leave me alone", "revoke|withdraw [my|all] consent", "<not> consent",
        "consent to be|receive|<these>|<texts>", "spam|spamming|harass|harassing|harassment", "go away",
    ),
    harmless=(
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
        "[ich] [mochte|will] keine [weiteren] <nachrichten> [mehr] [erhalten|bekommen]",
        "[mir|mich] nicht mehr schreiben|kontaktieren|anschreiben|texten|benachrichtigen",
        "schreiben|schreibt|schreib [sie] mir nicht|nichts mehr",
        "kontaktieren|kontaktiert [sie] mich nicht mehr",
        "horen|hort|hor [sie] auf [mir zu schreiben]",
        "[mich|uns] abmelden|austragen|abbestellen|loschen",
        "melden [sie] mich ab",
        "tragen [sie] mich aus",
        "[(mich|meine nummer)] aus der|ihrer|dieser|eurer liste loschen|entfernen|streichen|nehmen",
        "[loschen] [sie] meine nummer [loschen]",
        "[ich] widerrufe [meine|die] einwilligung|zustimmung",
        "ich widerrufe",
        "lassen [sie] mich in ruhe",
    ),
    leads=("sofort", "endlich", "konnen|konnten sie"),
    reasons=("falsche|verkehrte nummer", "[sie haben] [die] falsche nummer", "kein interesse"),
    hints=(
        "falsche|verkehrte nummer", "nicht mehr schreiben|kontaktieren|anschreiben", "keine [weiteren] nachrichten|sms",
        "abmelden|abbestellen|austragen", "widerrufe|widerruf", "belastigung|belastigen|spam",
    ),
    harmless=("nicht|nie stoppen|abmelden|abbestellen|austragen|aufhoren", "stopp|stoppen|stoppt [sie|bitte] nicht"),
)  # fmt: skip

_FRENCH = Language(
    stops=(
        "arretez|arrete [de] [(menvoyer|me envoyer|mecrire|me contacter)] [vos|les|ces|des|de] [<rappels>]",
        "plus [de|aucun] <rappels>",
        "ne mecrivez plus",
        "ne me|nous contactez|ecrivez|envoyez plus [rien] [de] [<rappels>]",
        "ne menvoyez plus [de|rien] [<rappels>]",
        "[je] [ne] veux|souhaite plus [recevoir] [de|vos|ces] <rappels>",
        "desabonnez|desinscrivez moi",
        "[me|se] desabonner|desinscrire",
        "desabonnement|desinscription",
        "retirez|enlevez|supprimez moi [de votre|la|cette liste]",
        "retirez|enlevez|supprimez mon numero",
        "je retire mon consentement",
        "laissez moi tranquille",
    ),
    leads=("tout de suite", "immediatement", "je veux", "pouvez|pourriez vous"),
    reasons=("[(cest un|c est un|vous avez un|vous avez le)] mauvais|faux numero", "pas interesse|interessee"),
    hints=(
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
        "no me|nos envien|envie|manden|mande [mas] [<mensajes>] [mas]",
        "no me|nos escriban|escriba|contacten|contacte [mas]",
        "no quiero|deseo [recibir] [mas] <mensajes> [mas]",
        "dejen|deje de escribirme|enviarme|mandarme|contactarme|molestarme [<mensajes>]",
        "dar|darme|deme|denme|dame|denos de baja",
        "cancelar [la|mi] suscripcion",
        "quitenme|eliminenme|borrenme|quiteme|elimineme [de la|su|esta lista]",
        "eliminen|borren|quiten mi numero",
        "retiro mi consentimiento",
        "dejenme en paz",
        "numero equivocado [,] alto|basta|pare",
    ),
    leads=("ya", "inmediatamente", "quiero", "pueden|podrian"),
    reasons=(
        "[(es|es el|tiene el|tienen el)] numero equivocado", "no me interesa", "no estoy interesado|interesada",
    ),
    hints=(
        "numero equivocado", "no me escriban|envien|manden|contacten", "no mas mensajes|sms", "dejen de", "de baja",
        "desuscribir|desuscribirme", "acoso",
    ),
    harmless=("estoy|esta|sigo|estuve de baja", "planta baja", "no paren|paren de"),
)  # fmt: skip

_PORTUGUESE = Language(
    stops=(
        "parem|pare de me enviar|mandar|escrever|contatar|contactar [<mensagens>]",
        "nao [me] enviem|envie|mandem|mande|escrevam|escreva [mais] [<mensagens>] [mais]",
        "nao me contate|contatem|contacte|contactem [mais]",
        "[eu] nao quero|desejo [mais] [receber] [mais] <mensagens>",
        "chega de <mensagens>",
        "sem mais <mensagens>",
        "[quero] cancelar [a|minha] inscricao|assinatura",
        "remova|remover|retire|retirem|apague|apaguem [o] meu numero",
        "remova|remover|retirem me [da lista]",
        "descadastrar|descadastre [me]",
        "retiro o meu consentimento",
        "deixem me em paz",
        "numero errado [,] pare|basta",
    ),
    leads=("ja", "imediatamente", "podem|poderiam"),
    reasons=("[e o] numero errado", "nao tenho interesse"),
    hints=("numero errado", "nao me mandem|enviem|escrevam|contatem", "parem de", "descadastrar"),
    harmless=("nao parem|pare|parar",),
)  # fmt: skip

_ITALIAN = Language(
    stops=(
        "basta [con] [i|gli] <messaggi>",
        "niente|nessun piu <messaggi>",
        "non scrivetemi|scrivermi|contattatemi|contattarmi|mandatemi|inviatemi piu [<messaggi>]",
        "non voglio|desidero [piu] [ricevere] [piu] [altri] <messaggi>",
        "smettetela|smettete|smetta [di scrivermi|mandarmi|contattarmi] [<messaggi>]",
        "cancellatemi|toglietemi|rimuovetemi|eliminatemi [dalla lista]",
        "cancellate|rimuovete il mio numero",
        "disiscrivetemi|disiscrivimi|disiscrivermi|disiscrizione",
        "revoco|ritiro il [mio] consenso",
        "lasciatemi in pace",
        "numero sbagliato [,] basta",
    ),
    leads=("subito", "immediatamente", "potete|potreste"),
    reasons=("[(avete il|e il)] numero sbagliato", "non mi interessa", "non sono interessato|interessata"),
    hints=("numero sbagliato", "non scrivetemi|contattatemi|mandatemi piu", "disiscrivermi|disiscrivetemi"),
    harmless=("non smettete",),
)  # fmt: skip

_DUTCH = Language(
    stops=(
        "geen [verdere] <berichten> [meer] [sturen]",
        "niet meer (berichten|smsen|appen|sturen|schrijven|contacteren|contact opnemen)",
        "stuur|stuurt mij|me niets|geen [<berichten>] meer",
        "stop|stoppen met (sms en|smsen|berichten|sturen|appen|schrijven) [sturen]",
        "ik wil geen <berichten> meer [ontvangen]",
        "meld mij|me|ons af",
        "[mij|me] uitschrijven|afmelden",
        "schrijf mij|me uit",
        "haal (mij|me|mijn nummer) van de|deze|uw|jullie lijst",
        "verwijder (mijn nummer|mij|me)",
        "ik trek mijn toestemming in",
        "laat mij|me met rust",
    ),
    leads=("nu", "direct", "(kunt u|kun je)"),
    reasons=("[(dit is het|u heeft het|je hebt het)] verkeerd|verkeerde nummer", "geen interesse"),
    hints=(
        "verkeerd|verkeerde nummer", "geen berichten|sms meer", "niet meer berichten|sturen", "uitschrijven|afmelden",
    ),
    harmless=("ik|we|wij stop|stoppen", "niet stoppen|afmelden|uitschrijven", "stop niet", "stop om|bij|op"),
)  # fmt: skip

_SWEDISH = Language(
    stops=(
        "inga [fler|flera|mer] <meddelanden>",
        "sluta skicka|smsa|skriva|kontakta [mig] [<meddelanden>] [till mig]",
        "skicka|skriv inte [mer|fler] [<meddelanden>] [till mig]",
        "kontakta mig inte [mer|igen]",
        "avregistrera|avanmal [mig]",
        "ta bort (mig|mitt nummer) [fran listan]",
        "lamna mig i fred",
    ),
    leads=("genast",),
    reasons=("[ni har] fel nummer", "inte intresserad"),
    hints=("fel nummer", "inga fler meddelanden|sms", "kontakta mig inte"),
    harmless=("sluta|stoppa|stopp inte", "inte sluta|stoppa"),
)  # fmt: skip

_DANISH_AND_NORWEGIAN = Language(
    stops=(
        "ikke|ingen flere|mere|mer <beskeder>",
        "stop|stopp|slut|slutt [med] at|a skrive|sende|smse|kontakte [mig|meg] [<beskeder>] [til mig|meg]",
        "skriv|send ikke [flere|mere|mer] [<beskeder>] [til mig|meg]",
        "kontakt mig|meg ikke [igen|mer|mere]",
        "afmeld|frameld|avmeld [mig|meg]",
        "meld mig|meg fra|av",
        "slet|slett (mit nummer|mitt nummer|nummeret mitt|mig|meg)",
        "lad mig være",
        "la meg være [i fred]",
    ),
    leads=("straks",),
    reasons=("feil|forkert nummer", "ikke interesseret|interessert"),
    hints=("forkert|feil nummer", "ikke|ingen flere beskeder|meldinger|sms"),
    harmless=("stop|stopp|slutt ikke", "ikke stop|stopp|stoppe|afmeld|slutt"),
)  # fmt: skip

_POLISH = Language(
    stops=(
        "nie pisac|pisz|piszcie [do mnie] [wiecej]",
        "nie kontaktujcie|kontaktuj sie ze mna [wiecej]",
        "nie wysylajcie|wysylaj [mi] [wiecej] [<wiadomosci>] [wiecej]",
        "koniec|dosc <wiadomosci>",
        "[ja] nie chce [wiecej|juz] [otrzymywac|dostawac] [wiecej] <wiadomosci>",
        "wypisz|wypiszcie|usun|usuncie mnie [z listy]",
        "usun|usuncie moj numer",
        "rezygnuje",
        "cofam zgode",
        "zostawcie mnie w spokoju",
    ),
    leads=("juz", "natychmiast"),
    reasons=("zły|zly|bledny|błedny numer", "[to] pomyłka|pomylka"),
    hints=("zły|zly numer", "pomyłka|pomylka", "nie pisz|piszcie", "wypisz|wypiszcie"),
    harmless=("nie przestawaj|przestawajcie",),
)  # fmt: skip

_RUSSIAN = Language(
    stops=(
        "отписаться|отпишите|отпиши [меня]",
        "не пишите|пиши|присылайте|присылай|отправляйте [мне] [больше] [<сообщений>]",
        "больше не пишите|присылайте [мне]",
        "хватит [писать] [<сообщений>] [мне]",
        "удалите (мой номер|меня) [из списка]",
        "отмена подписки|рассылки",
        "не беспокойте [меня]",
    ),
    leads=("сейчас", "немедленно"),
    reasons=("[это] неправильный|неверный номер", "вы ошиблись [номером]", "не интересно"),
    hints=("неправильный|неверный номер", "вы ошиблись", "не пишите|присылайте"),
    harmless=("не останавливайтесь|отписывайте",),
)  # fmt: skip

LANGUAGES = (
    _ENGLISH, _GERMAN, _FRENCH, _SPANISH, _PORTUGUESE, _ITALIAN, _DUTCH, _SWEDISH, _DANISH_AND_NORWEGIAN, _POLISH,
    _RUSSIAN,
)  # fmt: skip
"""Every language; a reply may mix them ("stop svp")."""
