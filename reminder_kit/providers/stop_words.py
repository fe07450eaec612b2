"""The words that opt-out phrases are made of: those that mean a STOP alone, courtesy, signatures, and classes.

Pure: tables only. Words stand as `reply_grammar.words_of` returns them; the phrases are in `stop_phrases`.
"""

from __future__ import annotations

__all__ = ["ALONE", "CLASSES", "COURTESY", "POLITE", "SIGNATURES"]

ALONE = ("cancel", "end")
"""Words that mean a STOP only where they are the whole reply: "cancel please" may speak of the appointment."""

POLITE = (
    "please", "pls", "plz", "bitte", "svp", "por favor", "per favore", "alsjeblieft", "alstublieft", "aub", "snalla",
    "venligst", "vennligst", "prosze", "пожалуйста",
)  # fmt: skip
"""Words of asking, which may also stand within a phrase: "schreiben Sie mir bitte nicht mehr"."""

COURTESY = (
    *POLITE, "thanks", "thank you", "thank you very much", "thx", "ty", "and", "ok", "okay", "hi",
    "hello", "hey", "sir", "madam", "kindly", "so", "just", "danke", "s il vous plait",
    "sil vous plait", "merci", "gracias", "obrigado", "obrigada", "grazie", "dank je", "dank u", "tack", "tak", "takk",
    "dziekuje", "спасибо", "vielen dank", "merci beaucoup", "muchas gracias", "grazie mille", "porfa", "graag",
    "gelieve", "hallo", "guten tag", "bonjour", "hola", "ola", "buongiorno", "hej", "hei",
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
        "arreter", "arretez", "stoppez", "stopper", "desabonner", "baja", "parar", "sair", "stoppen", "afmelden",
        "avsluta", "стоп",
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
    "nachrichten": (
        "nachrichten", "sms", "erinnerungen", "erinnerung", "texte", "mitteilungen", "textnachrichten",
        "benachrichtigungen", "terminerinnerungen",
    ),
    "rappels": ("message", "messages", "sms", "rappel", "rappels", "textos", "texto", "notification", "notifications"),
    "mensajes": ("mensajes", "mensaje", "sms", "textos", "recordatorios", "avisos", "notificaciones"),
    "mensagens": ("mensagens", "mensagem", "sms", "lembretes", "notificacoes"),
    "messaggi": ("messaggi", "messaggio", "sms", "promemoria", "avvisi", "notifiche"),
    "berichten": ("berichten", "bericht", "sms", "smsjes", "smssen", "herinneringen", "berichtjes", "appjes"),
    "meddelanden": ("meddelanden", "sms", "paminnelser", "notiser"),
    "beskeder": ("beskeder", "meldinger", "sms", "smser", "pamindelser", "paminnelser"),
    "wiadomosci": ("wiadomosci", "sms", "smsow", "przypomnien", "powiadomien"),
    "сообщений": (
        "сообщений", "сообщения", "смс", "напоминаний", "напоминания", "уведомлений", "уведомления",
    ),
    # A single one of them: "Keine Nachricht" may say that none came, so that it asks for nothing by itself.
    "nachricht": ("nachricht", "erinnerung", "mitteilung", "textnachricht", "benachrichtigung", "terminerinnerung"),
    "recordatorio": ("recordatorio", "aviso", "texto", "notificacion"),
    "lembrete": ("lembrete", "aviso", "notificacao"),
    "herinnering": ("herinnering", "smsje", "berichtje", "appje"),
    "paminnelse": ("paminnelse", "meddelande"),
    "besked": ("besked", "melding", "pamindelse", "paminnelse"),
    # Verbs in the forms that people ask with.
    "mochte": ("mochte", "moechte", "mochten", "will", "wollen", "wunsche", "wuensche"),
    "schicken": ("senden", "schicken", "schreiben", "sendet", "schickt", "schreibt", "sende", "schick", "schreib"),
    "dem": ("der", "dem", "ihrer", "ihrem", "dieser", "diesem", "eurer", "eurem"),
    "arretez": (
        "arretez", "arrete", "arreter", "stoppez", "stoppe", "stopper", "cessez", "cesse", "cesser", "darreter",
    ),
    "manden": ("envien", "envie", "envies", "envieis", "manden", "mande", "mandes", "mandeis"),
    "escriban": (
        "escriban", "escriba", "escribas", "escribais", "contacten", "contacte", "contactes", "molesten", "moleste",
        "molestes", "molesteis",
    ),
    "mandar": ("mandar", "mandarme", "enviar", "enviarme", "escribir", "escribirme", "molestar", "molestarme"),
    "dejen": ("dejen", "deje", "deja", "dejad", "paren", "pare", "para"),
    "quiten": (
        "quiten", "quite", "quita", "quitar", "eliminen", "elimine", "elimina", "eliminar", "borren", "borre", "borra",
        "borrar",
    ),
    "quitenme": (
        "quitenme", "quiteme", "quitame", "eliminenme", "elimineme", "eliminame", "borrenme", "borreme", "borrame",
        "saquenme", "saqueme", "sacame",
    ),
    "parem": ("parem", "pare", "para", "parar"),
    "remova": (
        "remova", "removam", "remover", "retire", "retirem", "retirar", "apague", "apaguem", "apagar", "tire", "tirem",
        "exclua", "excluir",
    ),
    "scrivetemi": (
        "scrivetemi", "scrivermi", "contattatemi", "contattarmi", "mandatemi", "mandarmi", "inviatemi", "inviarmi",
    ),
    "scrivermi": (
        "scrivermi", "mandarmi", "contattarmi", "inviarmi", "disturbarmi", "scrivere", "mandare", "inviare",
        "disturbare",
    ),
    "smettetela": (
        "smettetela", "smettete", "smetta", "smettila", "smetti", "smetterla", "finitela", "finiscila", "piantatela",
        "piantala",
    ),
    "sturen": ("sms en", "smsen", "berichten", "sturen", "appen", "schrijven"),
    "пишите": ("пишите", "пиши", "присылайте", "присылай", "отправляйте", "шлите", "шли", "посылайте"),
    "писать": ("писать", "присылать", "слать", "отправлять", "беспокоить"),
    "перестаньте": ("перестаньте", "перестань", "прекратите", "прекрати"),
}  # fmt: skip
"""Classes of words, by the name that phrases know them by."""
