using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace TenantIdP.Server.Configuration;

/// <summary>A secret in a file is named, never written: <c>{ env: NAME }</c> or <c>{ file: path }</c>.</summary>
internal sealed class SecretShape : Shape
{
    public static SecretShape Instance { get; } = new();

    private static readonly string[] HostPrefixes = ["ASPNETCORE_", "DOTNET_"];
    private static readonly string[] OwnPrefixes = ["TenantIdP__", "ConnectionStrings__"];

    private const string How = "A secret is never written into the file: name an environment variable with { env: NAME } or a file with { file: path }.";

    public override JsonNode? Read(YamlNode node, ConfigProblems problems)
    {
        if (node is YamlMap { Members: [({ Text: "env" or "file" } how, YamlScalar { Kind: YamlScalarKind.Text, Text.Length: > 0 and <= 1_000 } what)] })
        {
            if (how.Text != "env" || !IsOfTheServer(what.Text)) return new JsonObject { [how.Text] = what.Text };
            problems.Add(what, "config_secret_refused", "This variable is the server's own (TenantIdP__…, ConnectionStrings__…): no file sends it anywhere.");
            return null;
        }

        problems.Add(node, "config_secret_plain", How);
        return null;
    }

    public override string Show(JsonNode? before, JsonNode? after) => Told(after);

    public override JsonNode? Visible(JsonNode? value) => value is null ? null : JsonValue.Create(Told(value));

    /// <summary>Where a secret comes from is no secret, and whoever reviews a plan sees what would be sent.</summary>
    private static string Told(JsonNode? reference) => reference is JsonObject { Count: 1 } named ? named.Select(n => $"(secret: {n.Key} {Terminal.Escape(n.Value!.GetValue<string>())})").Single() : Secret; // read as text

    // As the server reads its settings: in any case, behind a host's prefix, and as the short form of a connection string.
    private static bool IsOfTheServer(string variable)
    {
        var name = variable.Replace(":", "__", StringComparison.Ordinal);
        foreach (var prefix in HostPrefixes.Where(p => name.StartsWith(p, StringComparison.OrdinalIgnoreCase))) name = name[prefix.Length..];
        return OwnPrefixes.Any(p => name.StartsWith(p, StringComparison.OrdinalIgnoreCase)) || name.Contains("CONNSTR_", StringComparison.OrdinalIgnoreCase);
    }
}

/// <summary>Where the secrets of a file come from.</summary>
/// <param name="folder">Of the configuration file; paths of secrets are relative to it.</param>
internal sealed class SecretSource(string folder, Func<string, string?> environment)
{
    private const int MaxBytes = 64 * 1024;

    /// <summary>Null when there is none.</summary>
    public string? Find(JsonObject reference, out string missing)
    {
        if (reference["env"] is { } variable)
        {
            var name = variable.GetValue<string>();
            missing = $"The environment variable {Terminal.Escape(name)} is not set.";
            return environment(name) is { Length: > 0 } value ? value : null;
        }

        var path = reference["file"]!.GetValue<string>(); // one of the two, by SecretShape
        missing = $"The file {Terminal.Escape(path)} can't be read, is empty, or is larger than {MaxBytes / 1024} KB.";
        try
        {
            using var file = File.OpenRead(Path.Combine(folder, path));
            if (file.Length is 0 or > MaxBytes) return null;
            using var text = new StreamReader(file, new UTF8Encoding(false, throwOnInvalidBytes: true));
            var secret = text.ReadToEnd();
            // Editors and most tools end a file with a line break, which is not of the secret.
            secret = secret.EndsWith("\r\n", StringComparison.Ordinal) ? secret[..^2] : secret.EndsWith('\n') ? secret[..^1] : secret;
            return secret.Length == 0 ? null : secret;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException or DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>The variable that an export names: the same for the same thing, and another for another.</summary>
    public static JsonObject Generate(string owner, string name)
    {
        var readable = new string([.. $"{owner}_{name}".Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToUpperInvariant(c) : '_').Take(60)]).Trim('_');
        var hash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{owner}\n{name}")))[..6];
        return new JsonObject { ["env"] = $"SECRET_{readable}_{hash}" };
    }
}
