using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Outbox;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Server.Mail;

/// <summary>
/// Hands a mail to the mail server (RFC 5321). What the server refuses for good about this mail is dead; what it refuses for now, and everything that is not this mail's doing
/// (no connection, no TLS, our password, our sender's address), is tried again.
/// </summary>
public sealed class SmtpTransport : IMailTransport
{
    private const int Permanent = 500;

    private readonly MailOptions options;
    private readonly string ownHost;
    private readonly X509Certificate2Collection? authorities;

    /// <exception cref="StartupException">The file of authorities holds none.</exception>
    public SmtpTransport(MailOptions options, IssuerOptions issuer)
    {
        (this.options, ownHost) = (options, new Uri(issuer.Issuer).Host);
        if (options.CaFile is not { } file) return;
        authorities = [];
        try
        {
            authorities.ImportFromPemFile(file);
        }
        catch (System.Security.Cryptography.CryptographicException)
        {
            authorities.Clear();
        }

        if (authorities.Count == 0) throw new StartupException("TenantIdP__Mail__CaFile holds no certificate in PEM form.");
    }

    public async Task<OutboxOutcome> SendAsync(MimeMessage message, Id<OutboxMessage> id, CancellationToken ct)
    {
        using var client = new SmtpClient { Timeout = options.TimeoutSeconds * 1000, LocalDomain = ownHost, CheckCertificateRevocation = false };
        if (authorities is not null) client.ServerCertificateValidationCallback = ComesFromAuthority;
        try
        {
            await ConnectAsync(client, ct);
            if (options is { User: { } user, Password: { } password }) await client.AuthenticateAsync(user, password, ct);
            await client.SendAsync(message, ct);
        }
        catch (Exception failure) when (!ct.IsCancellationRequested && OutcomeOf(failure) is { } outcome)
        {
            return outcome;
        }

        await LeaveAsync(client, ct);
        return new OutboxOutcome.Delivered();
    }

    /// <summary>MailKit's own timeout is for each read and write; connecting and the handshake get one of their own.</summary>
    private async Task ConnectAsync(SmtpClient client, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(TimeSpan.FromSeconds(options.TimeoutSeconds));
        try
        {
            await client.ConnectAsync(options.Host!, options.Port, options.Security switch
            {
                MailSecurity.None => SecureSocketOptions.None,
                MailSecurity.StartTls => SecureSocketOptions.StartTls,
                MailSecurity.Tls => SecureSocketOptions.SslOnConnect,
            }, limit.Token); // this transport is made for a host
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new TimeoutException();
        }
    }

    /// <summary>Null for a bug. The server's own words are not kept: they may hold the address.</summary>
    private static OutboxOutcome? OutcomeOf(Exception failure) => failure switch
    {
        SmtpCommandException { ErrorCode: SmtpErrorCode.SenderNotAccepted } refused => new OutboxOutcome.Retry($"The mail server does not take mail of this sender: {(int)refused.StatusCode}."),
        SmtpCommandException { ErrorCode: SmtpErrorCode.RecipientNotAccepted or SmtpErrorCode.MessageNotAccepted } refused when (int)refused.StatusCode >= Permanent =>
            new OutboxOutcome.Dead($"The mail server refused it for good: {(int)refused.StatusCode}."),
        SmtpCommandException refused => new OutboxOutcome.Retry($"The mail server refused it for now: {(int)refused.StatusCode}."),
        AuthenticationException => new OutboxOutcome.Retry("The mail server did not accept user and password."),
        SslHandshakeException => new OutboxOutcome.Retry("No TLS with the mail server, or its certificate is not accepted."),
        NotSupportedException => new OutboxOutcome.Retry("The mail server does not offer what the settings demand (STARTTLS or a way to sign in)."),
        TimeoutException => new OutboxOutcome.Retry("The mail server did not answer in time."),
        SocketException or IOException or ProtocolException or ServiceNotConnectedException or OperationCanceledException => new OutboxOutcome.Retry("The mail server can't be reached."),
        _ => null,
    };

    /// <summary>The mail is taken: how the farewell goes changes nothing.</summary>
    private static async Task LeaveAsync(SmtpClient client, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(TimeSpan.FromSeconds(2));
        try
        {
            await client.DisconnectAsync(quit: true, limit.Token);
        }
        catch (Exception failure) when (failure is IOException or SocketException or ProtocolException or CommandException or OperationCanceledException or ServiceNotConnectedException or TimeoutException)
        {
            // Closed by the server, or not answered.
        }
    }

    private bool ComesFromAuthority(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0) return false;
        using var own = new X509Chain();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        own.ChainPolicy.CustomTrustStore.AddRange(authorities!); // only with them this is asked
        if (chain is not null) foreach (var sent in chain.ChainElements) own.ChainPolicy.ExtraStore.Add(sent.Certificate);
        using var presented = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        return own.Build(presented);
    }
}
