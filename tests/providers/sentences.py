"""What people write, and what a careful reader takes it for: a STOP, none, or something a person must look at.

One sentence a line; a new line within one is written as " / ". Collected from the opt-out words of Telnyx and Twilio,
the list of the FCC's rule on revoking consent (47 CFR 64.1200(a)(10)), field reports of other reminder systems, and
what a clinic's people answer. All of them were written down, with their meaning, before the grammar had read them.
"""

from __future__ import annotations

TREATMENTS = """
medication medications medicine medicines meds pill pills tablet tablets drug drugs treatment treatments therapy
antibiotic antibiotics aspirin insulin ibuprofen blood_thinner blood_thinners drops cream diet bleeding pain
"""
"""What patients stop, or ask whether to; "_" stands for a space."""

STOP = """
STOP
stop
 Stop.
Stop!!!
STOPP
S T O P
ＳＴＯＰ
“STOP”
STOP 🛑
stop ✋
Stop. Thank you
Stop!! Please
STOP ALL
stopall
STOP STOP STOP
stop stop please
please stop
Pls stop
Please stop!
stop it
stop now
STOP please and thank you
Stop texting me
stop texting me please
Stop texting this number
stop messaging this number
Stop messaging me
Stop sending me messages
stop sending me messages please thanks
stop sending these
Please stop sending texts to this number
Stop the texts
stop all messages
Stop reminders
STOP SMS
stop contacting me
stop spamming me
stop bothering me
Can you please stop texting me?
could you stop sending me these messages
Would you please stop
I said stop
I told you to stop
please stop already
stop immediately
no more texts
No more text messages please
no more messages
No texts please
Don't text me
dont text
Don't text this number
Do not text me anymore
Do not text me again
please do not text
do not contact me
Please do not contact me again
DO NOT MESSAGE ME
don't send me any more messages
Do not send texts to this number
never text me again
Never contact me again
wrong number stop
Wrong number, please stop
wrong number. Remove me
You have the wrong number, stop texting me
not interested stop
Stop, wrong number
no thanks, stop
unsub
unsubscribe
Unsubscribe me
please unsubscribe
Unsubscribe me from this list
I want to unsubscribe
opt out
Opt-out
OPTOUT
opt me out
I want to opt out
I'd like to opt out please
opting out
I wish to opt out of these texts
revoke
revoke consent
I revoke my consent
I revoke consent to be texted
withdraw consent
I withdraw my consent
I do not consent to these messages
remove me
remove me please
Please remove me from your list
Take me off your list
take me off this list please
Remove my number
remove this number from your system
delete my number
get me off this list
leave me alone
quit
end
cancel
Cancel.
quit texting me
end texts
cancel reminders
cancel all texts
I don't want these messages
I do not want any more texts
i no longer want texts
I don't want to receive these
STOP / Sent from my iPhone
Stop / / Sent from my Galaxy
STOP / -- / Dr. Ada Novak, 12 High Street
stop texting me / Get Outlook for Android
STOP / > See you tomorrow at 10:00 AM. Reply C.
Stopp bitte
STOPP / Von meinem iPhone gesendet
abmelden
Bitte abmelden
keine Nachrichten mehr
Bitte keine SMS mehr
keine weiteren Nachrichten bitte
Schreiben Sie mir nicht mehr
bitte nicht mehr schreiben
Falsche Nummer, stopp
Bitte aus der Liste löschen
Ich widerrufe meine Einwilligung
Arrêt
ARRÊT SVP
stop svp
arrêtez
Arrêtez de m'envoyer des messages
plus de messages svp
Ne m'écrivez plus
ne me contactez plus
désabonner
Désabonnez-moi
mauvais numéro stop
STOP / Envoyé de mon iPhone
retirez-moi de votre liste
Baja
baja por favor
ALTO
dar de baja
denme de baja
no más mensajes
No me envíen más mensajes
no me escriban más
dejen de escribirme
número equivocado, alto
STOP / Enviado desde mi iPhone
Parar
pare
sair
parem de me enviar mensagens
não quero mais receber mensagens
chega de mensagens
remova meu número
basta
basta messaggi
non scrivetemi più
non mandatemi più messaggi
cancellatemi dalla lista
stoppen
afmelden
geen berichten meer
stop met sms'en
meld mij af
avsluta
inga fler sms
sluta skicka sms
avregistrera mig
ikke flere beskeder
stop med at skrive til mig
ingen flere meldinger
meld meg av
wypisz mnie
proszę nie pisać
nie pisz do mnie więcej
стоп
отпишите меня
не пишите мне больше
Please stop the text messages
Stop all text messages to this number please
STOP TEXTING
stop messages
Stop. Wrong number.
Please take this number off your list
please remove my number from your list
Remove me from texts
remove us from your mailing list thank you
I'd like to be removed from your list
Unsubscribe from texts
UNSUBSCRIBE!!!
please unsubscribe me thanks
Opt out please
Opt me out of text messages
I opt out
do not text this phone again
Do not send me texts
DON'T MESSAGE ME AGAIN
please don't text me anymore thanks
Please no more messages to this number
no more sms
No reminders please
stop sending sms to me
Stop sending me these reminders
Stop sending me text reminders
quit sending me messages
Hi, please stop texting me. Thank you
Hello wrong number please stop texting
ok stop
Yes stop
No, stop
stop stop stop!!!!
I revoke my consent to receive texts
I do not want to receive text messages
we do not want any more reminders
i dont want texts
Please stop contacting this number
Stop bugging me
Would you stop messaging me please
STOP / Sent from Yahoo Mail
Stop / Sent via Samsung Galaxy
Bitte keine weiteren SMS
Keine Erinnerungen mehr bitte
Bitte löschen Sie meine Nummer
Nicht mehr kontaktieren
Arretez les sms svp
Ne m'envoyez plus de messages
Se désinscrire
No más sms por favor
No quiero recibir más mensajes
quiero darme de baja
No me manden mensajes
Não me mandem mais mensagens
Non voglio più messaggi
Stop sms svp
stuur mij geen berichten meer
Skicka inte fler sms
Stop venligst
Nie chcę więcej wiadomości
больше не пишите
Basta, grazie
Per favore basta
¡Basta ya!
basta por favor
Pare, por favor
alto por favor
Paren
Paren ya
Parem
Parem, por favor
quit please
I do not wish to receive messages
Ich will nichts mehr bekommen
ne m'envoyez rien
je ne veux plus rien recevoir
no quiero recibir nada
não quero receber mais nada
non voglio ricevere più nulla
ik wil niets meer ontvangen
stoppa
Proszę mnie wypisać
no mandes mensajes
quit now
please quit it
I don't want a reminder
I don't want another text from you
I want no more messages
I want no reminders
I don't want you to text me anymore
do not bother me
don't bother us again
never write to me again
do not remind me again
lose my number
turn off reminders
switch off these notifications please
cease texting me
cease
no further contact please
I don't want to be reminded
not interested, quit
Keine Nachricht mehr
Keine Erinnerung mehr bitte
Ich will keine Nachricht
Ich will keine Nachrichten
Ich möchte keine SMS
Ich moechte keine SMS mehr bekommen
Wir wollen keine Erinnerungen
Ich möchte keine weiteren SMS erhalten
Ich brauche keine Erinnerungen mehr
Schicken Sie mir keine Nachrichten mehr
Senden Sie mir bitte keine SMS
Schreiben Sie mir bitte nicht mehr
Schickt mir nichts mehr
bitte nichts mehr schicken
Hör auf
Hören Sie bitte auf damit
Aufhören!
Schluss jetzt
Lass mich in Ruhe
Melden Sie mich bitte ab
Bitte aus dem Verteiler streichen
Löschen Sie bitte meine Nummer
Ich möchte mich abmelden
Abmeldung
Stoppez
Stoppez les sms
Stoppez svp
Je voudrais me désinscrire
Je souhaite me désabonner
Veuillez me désinscrire
Merci de me désinscrire
Merci de ne plus m'envoyer de messages
Ne plus me contacter svp
N'envoyez plus de sms
Ne m'écris plus
Je ne veux pas de rappel
Je ne veux plus recevoir vos messages
Cessez de m'écrire
arrêtez tout
arrête ça
Fichez-moi la paix
Veuillez supprimer mon numéro
Désinscription
No mandar más mensajes
No enviar más mensajes
No molesten
No me moleste
No molestar por favor
No envíen más
No manden más mensajes
no me mandes mensajes
No quiero recordatorios
No quiero un recordatorio
No quiero que me escriban más
Ya no quiero mensajes
Ya basta
basta de mensajes
paren de escribirme
Deja de mandarme mensajes
dejen de molestar
No escribirme más
Elimine mi número
Bórrame de la lista
Déjeme en paz
Cancelar los mensajes
No necesito más recordatorios
Pare já
Parem com isso
Para de me mandar mensagem
Pare de enviar mensagens
Não enviar mais mensagens
Não quero lembrete
Não me incomodem
Me deixe em paz
Me tirem da lista
Cancelar as mensagens
Não preciso mais de lembretes
Smettila
Smettila di scrivermi
Smettetela, per favore
Non scrivetemi
Non scrivermi più
Non mandate più messaggi
Non voglio promemoria
Non voglio più sms
Non disturbate
Lasciami in pace
Mai più messaggi
Niente più sms grazie
Cancellate il mio numero dalla lista
Voglio disiscrivermi
Ik wil geen berichten
Ik wil geen herinnering
Ik wens geen sms te ontvangen
Geen herinnering meer
Stuur me geen berichten
Stuur niets meer
Houd op
Hou op met sms'en
Stop ermee
Schrijf me niet meer
Ik wil me uitschrijven
Graag uitschrijven
Ik hoef geen berichten meer
Laat ons met rust
Sluta
Sluta tack
Snälla sluta
Sluta smsa mig
Sluta nu
Jag vill inte ha fler sms
Jag vill inte ha påminnelser
Skicka inga fler meddelanden
Inget mer meddelande tack
Lämna mig ifred
Låt mig vara
Stör mig inte
Send ikke flere beskeder
Hold op
Hold op med at skrive til mig
Jeg vil ikke have flere beskeder
Jeg ønsker ikke meldinger
Send meg ingen meldinger
Ikke kontakt meg
Ikke send flere meldinger
Fjern mit nummer
Slett meg fra lista
Afmelding
Ikke forstyrr
Lad mig være i fred
Przestań pisać
Przestań
Przestańcie do mnie pisać
Proszę przestać
Proszę nie wysyłać więcej sms
Nie wysyłajcie mi wiadomości
Nie chcę przypomnień
Nie chcę żadnych wiadomości
Żadnych więcej wiadomości
Nie przeszkadzać
Dajcie mi spokój
Usuńcie mój numer z listy
Перестаньте писать
Перестаньте мне писать
Перестань
Прекратите присылать сообщения
Хватит мне писать
Не шлите мне смс
Не надо мне больше писать
Не нужно присылать сообщения
Больше не нужны напоминания
Я не хочу получать сообщения
Оставьте меня в покое
Отключите уведомления
Уберите мой номер
Отстаньте
"""
"""Whoever writes this wants no more messages."""

NOT = """
👍
yes
C
thank you
Thanks, see you then
OK
I will be there
I can stop by at 3
stop by at 3
I'll stop by at noon
can't stop by today
Can't stop now, is 4pm ok?
could I stop in tomorrow instead?
I'll stop over after work
should I stop at the front desk?
the bus stop is closed
which bus stop is nearest?
get off at the last stop
the next stop after Main Street
is there a stop near you
I had to stop for gas, 5 min late
don't stop
don't stop the reminders please
please don't stop texting me
do not stop
never stop
Please do not unsubscribe me
don't remove me from your list
I don't want to opt out
do not cancel
It won't stop hurting
my tooth doesn't stop bleeding
the bleeding will not stop
my nonstop cough
full stop
should I stop eating before the test?
when do I stop drinking water
do I need to stop my medication first
do I stop the antibiotics now?
I stopped taking the pills
can we stop taking aspirin the day before
stopping by in a minute
Can I cancel my appointment?
please cancel it
Cancel my appointment please
cancel tomorrow
I need to cancel
cancel and rebook
Can I cancel the 3pm?
cancelled my other one
please end the call
The end
What time does it end
at the end of the street
I quit smoking
I quit my job so mornings work
When do we start?
what time do you start
Who is this?
What is the address?
running late
no
No problem
no worries
no more questions
no more than 10 minutes late
Is it the right number for the desk?
text me when you are ready
please text me the address
send me the link
I'll remove my shoes at the door
do I have to remove my braces
please contact me
don't forget my card
do not call before 9, text me
end of May works
Basta pasta at 7?
estoy de baja
trabajo en planta baja
no puedo parar de toser
je suis en arrêt maladie
l'arrêt de bus est fermé
à l'arrêt
Wo ist die Haltestelle?
Bitte nicht stoppen
nicht abmelden bitte
ik stop om 5 uur bij jullie
niet stoppen
sluta inte
plus tard svp
j'ai plus de questions
no tengo más preguntas
keine Fragen mehr
HELP
Yes please
Confirm
See you tomorrow!
I'll be 10 minutes late, traffic
Is parking free?
Can I bring my son?
please reschedule
Can you move me to Friday?
I have to cancel my appointment tomorrow
cancel my 3pm
Please cancel, I am sick
cannot come
do I need to fast
Should I stop taking my blood thinner
When should I stop drinking before surgery
I had to stop at the pharmacy
my train stops at 9:50
I don't want to stop treatment
Please don't stop these, they help
no need to stop
keep texting me
text me the directions
what number should I call
wrong address in your message
is it the wrong day?
My number changed to 555-0199
what's the end time
will it end before noon
start at 9?
please send a reminder the day before
No more pain, thanks doctor!
can I opt for the morning slot
I consent to the treatment
the consent form is signed
nein danke, passt
ja, danke
Ich komme 5 Minuten später
oui merci
sí, confirmo
ok grazie
tak, będę
да, буду
can't make it
who's this
Stopped by earlier, desk was closed
does the bus stop there
Please send the bill to my insurance
I will quit the gym
plus tôt serait mieux
This is not Maria's number
no quiero otra hora
no mandé el formulario
no contacté
no envié la foto
Nehmen Sie mich auch um 3?
je ne veux pas annuler
ik hoef niet te komen
больше не болит
bother, I'm late
can you end early
no quiero ir
basta un saluto
basta una risposta
espero que pare de llover
pare de llover
el alto
el más alto
Soy alto
para las 3
para mañana por favor
no más tarde
a las 3 no más
no más preguntas
no me molesta
no es molestia
Can I cancel?
the end
dinner ends at 8
don't bother calling
I’m driving with Do Not Disturb While Driving turned on. I’ll see your message when I get where I’m going.
I’m not receiving notifications. If this is urgent, reply “urgent” to send a notification through.
I don't need a ride
I don't want a different time
I don't want another appointment
no need to call
do I need a referral
enough time
is 10 minutes enough
turn left or right
I turned off my car
ich brauche keine Brille mehr
ich möchte keinen anderen Termin
keine Fragen
Meine Nummer
das reicht mir um 3
genug Zeit
ich höre schlecht
Schluss um 5?
ça suffit pour mardi
assez tôt
je ne veux pas d'autre rendez-vous
je n'ai pas besoin de taxi
chega às 3
chego às 3
chega amanhã
quando para de chover?
não quero outro horário
não preciso de táxi
abbastanza bene
non voglio un altro orario
non serve altro
genoeg tijd
ik wil geen andere afspraak
het is goed
jag slutar kl 5
när slutar ni?
nog en gång
jag vill inte ha en annan tid
jeg vil ikke have en anden tid
det er nok i orden
det er nok fint
slut kl 5
nie chcę innego terminu
koniec pracy o 5
nie trzeba
dość późno
не хочу в другое время
не надо переносить
достаточно времени
перестал болеть зуб
je peux m'arrêter à 3h
hej, ses i morgen
Hola, gracias
ok danke
Liked
Loved the visit, thanks
"""
"""Whoever writes this wants messages as before, or speaks of something else."""

UNCLEAR = """
STOP 12345
🛑
unsuscribe
unsubscibe me
stpo
Stop?? Who is this
stop this is my work phone
stop I am not your patient
wrong number
You have the wrong number
wrong person
NO STOP
I want to stop
how do I stop this?
How do I unsubscribe
how can i opt out of this
when will these texts stop
stop calling me
stop or I will call a lawyer
Stop. Actually don't stop
stop start
stop sending reminders to my old number, use this one
stop texting my wife
stop, see you tomorrow
stop the morning ones only
Stop / John
dont text me before 9am
don't text me, call me
don't text me today
do not text this number, use the other one
don't contact me at work
remove me from the 3pm
remove me from tomorrow please
please remove my mother
no more
no more appointments
no more reminders for Tuesday
I never signed up for this, stop
who is this and why do you text me, unsubscribe
I did not consent to this
this is spam
not interested
go away
enough
this is harassment
put me on your do not call list
stop texting so early
can you stop sending two of each
please stop the reminder for mom
Can I stop the reminders for one week?
I'd rather not get texts
please stop by text, call me instead
Stopp, ich rufe an
falsche Nummer
mauvais numéro
número equivocado
numero sbagliato
verkeerd nummer
stop demain
alto, no voy
stop texting me at night
stop texting this number, text my wife instead
Please stop sending reminders for John, he passed away
he died. please stop
stop sending the same message twice
I asked to be removed, why am I still getting texts
Why do you keep texting me? Stop
this is not John. stop
You've got the wrong person
please call instead of texting
unsubscribe John
how to unsubscribe?
what happens if I reply stop
reply stop to opt out
is this spam?
You are harassing me
take me off
stop at once or I report you
I want to stop getting so many texts
remove my son from this
do not text at work
no texts before 9
no text needed
STOP 123
Stop-Kevin
stop my reminder for tuesday only
Pls stop I changed doctors
we moved away, stop
new phone who is this stop
Bitte keine SMS nach 20 Uhr
no me escriban de noche
baja la cita a las 3
Please, end
no mande mensajes
no me manden nada
end now
cancel please
Please cancel
end this
I don't need a reminder
I do not need a reminder
I don't need a text
I don't need a text, I'll remember
you don't need to remind me
no need to text me
no need for a reminder
reminders are not needed
I don't need reminding
don't remind me
turn this off
that's enough
I want out
I want to quit
do not disturb
sick of these texts
fuck off
Basta! Chi siete?
Basta, non voglio
Keine SMS erhalten
Keine SMS bekommen
Keine Erinnerung erhalten
keine Erinnerungen bekommen!
Keine Nachricht
Ich brauche keine Erinnerung
Ich brauche keine Erinnerungen
Genug jetzt
Es reicht!
Schluss
Bitte nicht stören
Bitte keinen Kontakt mehr
Lassen Sie das
Ça suffit
Assez !
J'en ai marre de vos sms
Pas de rappel svp
Pas besoin de rappel
Cessez immédiatement vos envois
No más
No más por favor
Ya no más
¡Para!
Suficiente
No necesito un recordatorio
No hace falta recordatorio
no me envíen cosas raras
Estoy harto de esto
Chega
Chega!
Já chega
Não mais
Não preciso de lembrete
Basta così, grazie
Non più
Niente messaggi
Non ho bisogno di promemoria
Non serve promemoria
Genoeg
Het is genoeg
Niet storen aub
Ik hoef geen herinnering
Geen herinnering nodig
Lägg av
Det räcker
Jag behöver ingen påminnelse
Sluta, vem är detta
Inga fler
Det er nok
Slutt
Ikke mer
Jeg trenger ikke påminnelse
Wystarczy
Koniec
Nie potrzebuję przypomnień
Nie trzeba przypominać
Достаточно
Больше не надо
Не надо
Не нужны напоминания
Это спам
"""
"""A person must look at this: near a STOP, and not certain."""


def lines(table):
    """Return the sentences of a table, as they are written."""
    return [line.replace(" / ", "\n") for line in table.strip("\n").split("\n")]


COMPLAINTS = """
no messages received
no message received yet
no texts arrived
got no sms
I received no message
Keine SMS erhalten
Habe keine SMS bekommen
Ich habe keine Nachricht erhalten
je n'ai pas reçu de sms
aucun message reçu
Pas de sms reçu
no recibí mensajes
No mensajes recibidos
no he recibido recordatorios
não recebi mensagens
nenhuma mensagem recebida
non ho ricevuto messaggi
nessun messaggio ricevuto
geen bericht ontvangen
geen sms gehad
ik heb geen herinnering gekregen
inga sms mottagna
fick inget sms
har ikke modtaget beskeder
ingen beskeder modtaget
nie dostałem wiadomości
nie dostałem smsa
не получил сообщений
сообщений не получал
"""
"""That nothing came; whether anybody has to look at it is as near to a STOP as its words are."""

SENTENCES = [
    (sentence, meaning)
    for meaning, table in (("stop", STOP), ("not", NOT), ("unclear", UNCLEAR))
    for sentence in lines(table)
]
"""Every sentence, with the word of `Meaning` for it."""
