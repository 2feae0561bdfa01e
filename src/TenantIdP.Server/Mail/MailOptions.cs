using System.ComponentModel.DataAnnotations;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Server.Mail;

/// <summary>How a connection to the mail server is protected.</summary>
public enum MailSecurity
{
    /// <summary>Plain text all the way: for a relay on the same machine or in a network of one's own.</summary>
    None,

    /// <summary>Begins in plain text and goes on only when the server has switched to TLS (RFC 3207).</summary>
    StartTls,

    /// <summary>TLS from the first byte (RFC 8314).</summary>
    Tls,
}

/// <summary>The mail server that mails are handed to. Without <see cref="Host"/> they are dropped into a folder in Development, and wait everywhere else.</summary>
public sealed record MailOptions
{
    public const string Section = "TenantIdP:Mail";

    private const int MaxSecretBytes = 4_096;

    /// <summary>A name or an address; null: none.</summary>
    public string? Host { get; init; }

    [Range(1, 65_535)]
    public int Port { get; init; } = 587;

    public MailSecurity Security { get; init; } = MailSecurity.StartTls;

    /// <summary>Null for a server that asks nobody who they are.</summary>
    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>A file that holds the password, such as a mounted secret; a line break at its end is not part of it.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>The sender, such as <c>no-reply@example.com</c>. Required with a host.</summary>
    public string? From { get; init; }

    public string FromName { get; init; } = "TenantIdP";

    /// <summary>A PEM file with the certification authorities that the mail server's certificate may come from, instead of those of the machine.</summary>
    public string? CaFile { get; init; }

    /// <summary>Seconds that a connection, and each answer after that, may take.</summary>
    [Range(1, 30)]
    public int TimeoutSeconds { get; init; } = 15;

    /// <summary>Development only: where mails are dropped without a host. Null: <c>.data/mail</c> under the content root.</summary>
    public string? DropFolder { get; init; }

    public bool HasServer => !string.IsNullOrEmpty(Host);

    /// <exception cref="StartupException">A setting is missing or wrong; the message names the key.</exception>
    public static MailOptions Read(IConfiguration configuration, IHostEnvironment environment)
    {
        var options = Settings.Read(Section, () => configuration.GetSection(Section).Get<MailOptions>());
        if (!environment.IsDevelopment() && options.DropFolder is not null) throw Wrong(nameof(DropFolder), "is for Development only.");
        if (DisplayName.Clean(options.FromName) is null) throw Wrong(nameof(FromName), "must be a name of 1 to 200 characters without control characters.");
        if (options.From is not null && !EmailAddress.TryParse(options.From, out _)) throw Wrong(nameof(From), "is not an email address.");
        if (!options.HasServer) return options;

        if (Uri.CheckHostName(options.Host) == UriHostNameType.Unknown) throw Wrong(nameof(Host), "must be a host name or an IP address, without scheme and port.");
        if (options.From is null) throw Wrong(nameof(From), "is required with a mail server: the sender's address.");
        if (options.Password is not null && options.PasswordFile is not null) throw Wrong(nameof(PasswordFile), "and Password are both set. Give one of them.");
        options = options with { Password = options.Password ?? ReadSecret(options.PasswordFile), PasswordFile = null };
        if (options.User is null != options.Password is null) throw Wrong(nameof(User), "and Password (or PasswordFile) belong together.");
        if (options is { Password: not null, Security: MailSecurity.None } && !IsLoopback(options.Host!)) throw Wrong(nameof(Security), "must be StartTls or Tls: a password is never sent in plain text.");
        if (options.CaFile is { } file && !File.Exists(file)) throw Wrong(nameof(CaFile), "names no file.");
        return options;
    }

    private static bool IsLoopback(string host) => host == "localhost" || (System.Net.IPAddress.TryParse(host, out var address) && System.Net.IPAddress.IsLoopback(address));

    private static string? ReadSecret(string? path)
    {
        if (path is null) return null;
        try
        {
            if (new FileInfo(path).Length is > 0 and <= MaxSecretBytes && File.ReadAllText(path).TrimEnd('\r', '\n') is { Length: > 0 } secret) return secret;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Told below, without what the system says of the path.
        }

        throw Wrong(nameof(PasswordFile), $"can't be read, is empty, or is larger than {MaxSecretBytes} bytes.");
    }

    private static StartupException Wrong(string key, string what) => new($"{Section.Replace(":", "__", StringComparison.Ordinal)}__{key} {what}");

    /// <summary>Records print their members: not the password.</summary>
    public override string ToString() => $"{Host}:{Port}, {Security}";
}
