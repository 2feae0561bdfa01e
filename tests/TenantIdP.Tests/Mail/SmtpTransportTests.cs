using System.Net;
using System.Net.Sockets;
using MimeKit;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Outbox;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Mail;
using Xunit;

namespace TenantIdP.Tests.Mail;

/// <summary>What a real mail server is given and what its answers mean.</summary>
public sealed class SmtpTransportTests
{
    private static readonly IssuerOptions Issuer = new("https://login.example.test", false);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static MailOptions At(SmtpSink sink, MailSecurity security = MailSecurity.None) => new() { Host = "localhost", Port = sink.Port, Security = security, From = "no-reply@example.test", TimeoutSeconds = 5 };

    private static MimeMessage NewMail(string text = "Hello", string to = "zoe@example.test")
    {
        var message = new MimeMessage { Subject = "Grüße 🦊", Body = new TextPart("plain") { Text = text }, MessageId = "msg_1@login.example.test" };
        message.From.Add(new MailboxAddress("TenantIdP", "no-reply@example.test"));
        message.To.Add(new MailboxAddress(null, to));
        return message;
    }

    private static Task<OutboxOutcome> SendAsync(MailOptions options, MimeMessage? message = null) =>
        new SmtpTransport(options, Issuer).SendAsync(message ?? NewMail(), Id<OutboxMessage>.New(TimeProvider.System.GetUtcNow()), Ct);

    [Fact]
    public async Task It_arrives_as_it_was_written()
    {
        await using var sink = await SmtpSink.StartAsync(Ct);

        Assert.IsType<OutboxOutcome.Delivered>(await SendAsync(At(sink), NewMail("Zoë\r\n.\r\nMAIL FROM:<evil@example.test>\r\n")));

        var mail = Assert.Single(await sink.ReceivedAsync(Ct));
        Assert.Equal(("no-reply@example.test", "zoe@example.test", "Grüße 🦊", "msg_1@login.example.test"), (mail.From, mail.To, mail.Message.Subject, mail.Message.MessageId));
        Assert.Equal("Zoë\n.\nMAIL FROM:<evil@example.test>", mail.Message.TextBody!.ReplaceLineEndings("\n").Trim()); // a dot alone ends nothing
    }

    [Theory]
    [InlineData(MailSecurity.StartTls)]
    [InlineData(MailSecurity.Tls)]
    public async Task Under_TLS_it_signs_in_and_sends(MailSecurity security)
    {
        using var certificates = new SmtpCertificates();
        await using var sink = await SmtpSink.StartAsync(Ct, security == MailSecurity.Tls, starttls: true, certificates.Pair, "mailer", "s3cret");

        Assert.IsType<OutboxOutcome.Delivered>(await SendAsync(At(sink, security) with { CaFile = certificates.CaFile, User = "mailer", Password = "s3cret" }));

        Assert.True(Assert.Single(await sink.ReceivedAsync(Ct)).Secure);
    }

    [Theory]
    [InlineData(MailSecurity.StartTls, "localhost", false)] // from an authority that the machine does not know
    [InlineData(MailSecurity.Tls, "localhost", false)]
    [InlineData(MailSecurity.Tls, "mail.example.test", true)] // of another host
    public async Task A_certificate_that_is_not_accepted_sends_nothing_and_no_password(MailSecurity security, string host, bool known)
    {
        using var certificates = new SmtpCertificates(host);
        await using var sink = await SmtpSink.StartAsync(Ct, security == MailSecurity.Tls, starttls: true, certificates.Pair, "mailer", "s3cret");

        var outcome = await SendAsync(At(sink, security) with { CaFile = known ? certificates.CaFile : null, User = "mailer", Password = "s3cret" });

        Assert.IsType<OutboxOutcome.Retry>(outcome);
        Assert.Empty(await sink.ReceivedAsync(Ct));
        Assert.Empty(await sink.UsersAsync(Ct));
    }

    [Fact]
    public async Task A_server_that_offers_no_STARTTLS_gets_neither_mail_nor_password()
    {
        await using var sink = await SmtpSink.StartAsync(Ct, user: "mailer", password: "s3cret");

        var outcome = await SendAsync(At(sink, MailSecurity.StartTls) with { User = "mailer", Password = "s3cret" });

        Assert.Contains("STARTTLS", Assert.IsType<OutboxOutcome.Retry>(outcome).Error, StringComparison.Ordinal);
        Assert.Empty(await sink.ReceivedAsync(Ct));
        Assert.Empty(await sink.UsersAsync(Ct));
    }

    [Theory]
    [InlineData("to", 550, true)] // no such mailbox
    [InlineData("data", 554, true)] // this content is not wanted
    [InlineData("to", 451, false)]
    [InlineData("data", 421, false)]
    [InlineData("connect", 554, false)] // nobody is let in: not this mail's doing
    [InlineData("from", 550, false)] // our own address is not wanted: likewise
    public async Task What_is_refused_for_good_is_dead_and_the_rest_is_tried_again(string command, int code, bool isDead)
    {
        await using var sink = await SmtpSink.StartAsync(Ct);
        await sink.RefuseAsync(command, code, Ct, text: "zoe@example.test is not known here");

        var outcome = await SendAsync(At(sink));

        var error = isDead ? Assert.IsType<OutboxOutcome.Dead>(outcome).Reason : Assert.IsType<OutboxOutcome.Retry>(outcome).Error;
        Assert.DoesNotContain("zoe", error, StringComparison.Ordinal); // what operators see names nobody
        Assert.Empty(await sink.ReceivedAsync(Ct));
    }

    [Fact]
    public async Task A_wrong_password_of_ours_loses_no_mail()
    {
        using var certificates = new SmtpCertificates();
        await using var sink = await SmtpSink.StartAsync(Ct, secure: true, tls: certificates.Pair, user: "mailer", password: "s3cret");

        Assert.IsType<OutboxOutcome.Retry>(await SendAsync(At(sink, MailSecurity.Tls) with { CaFile = certificates.CaFile, User = "mailer", Password = "wrong" }));
    }

    [Theory]
    [InlineData("connect")]
    [InlineData("data")]
    public async Task A_server_that_hangs_is_left_after_the_timeout(string command)
    {
        await using var sink = await SmtpSink.StartAsync(Ct);
        await sink.HangAsync(command, Ct);

        Assert.IsType<OutboxOutcome.Retry>(await SendAsync(At(sink) with { TimeoutSeconds = 1 }));
    }

    [Fact]
    public async Task A_server_that_is_away_is_tried_again()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();

        Assert.IsType<OutboxOutcome.Retry>(await SendAsync(new MailOptions { Host = "127.0.0.1", Port = port, Security = MailSecurity.None, From = "a@example.test", TimeoutSeconds = 5 }));
    }
}
