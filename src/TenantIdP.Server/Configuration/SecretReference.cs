using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace TenantIdP.Server.Configuration;

/// <summary>A secret in a file is named, never written: <c>{ env: NAME }</c> or <c>{ file: path }</c>.</summary>
internal sealed class SecretShape : Shape
{
    public static SecretShape Instance { get; } = new();

    private const string How = "A secret is never written into the file: name an environment variable with { env: NAME } or a file with { file: path }.";

    public override JsonNode? Read(YamlNode node, ConfigProblems problems)
    {
        if (node is YamlMap { Members: [({ Text: "env" or "file" } how, YamlScalar { Kind: YamlScalarKind.Text, Text.Length: > 0 and <= 1_000 } what)] }) return new JsonObject { [how.Text] = what.Text };
        problems.Add(node, "config_secret_plain", How);
        return null;
    }

    public override string Show(JsonNode? before, JsonNode? after) => Secret;

    public override JsonNode? Visible(JsonNode? value) => value is null ? null : JsonValue.Create(Secret);
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
