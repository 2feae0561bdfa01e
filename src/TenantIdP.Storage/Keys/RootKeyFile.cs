using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Configuration;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Storage.Keys;

/// <summary>Where the root keys come from: the setting, or in Development a file that is made when it is missing.</summary>
internal static class RootKeyFile
{
    public const string Section = "TenantIdP:Encryption:Keys";
    public const string SettingKey = "TenantIdP__Encryption__Keys";
    private const int KeySize = 32;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <param name="configuration">Read from <see cref="Section"/>: a list, or one text with commas.</param>
    /// <param name="developmentFile">Null outside Development.</param>
    public static RootKeys Read(IConfiguration configuration, string? developmentFile)
    {
        var setting = configuration.GetSection(Section);
        string[] texts = setting.Value is { Length: > 0 } one
            ? one.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            : [.. setting.GetChildren().Select(child => child.Value ?? "")];
        if (texts.Length > 0) return new RootKeys([.. texts.Select((text, i) => Decode(text) ?? throw Malformed($"{SettingKey}__{i}")).DistinctBy(RootKeys.IdOf)]);
        if (developmentFile is null) throw new StartupException($"{SettingKey}__0 is not set. Give a base64 key of 32 bytes, for instance from: openssl rand -base64 32. Keep it: stored secrets open with nothing else.");
        return new RootKeys([ReadOrCreate(developmentFile)]);
    }

    private static byte[] ReadOrCreate(string file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!); // an absolute path of a file has a folder
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

        // Of several processes that start at once, the first to lock the file writes the key and the others read it. One that died before it wrote left an empty file.
        FileStream? locked = null;
        if (!SpinWait.SpinUntil(() => TryOpen(file, options, out locked), Patience) || locked is null) throw new StartupException($"{file} is held by another process.");
        using (locked)
        {
            if (locked.Length == 0) locked.Write(Encoding.ASCII.GetBytes(Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeySize)) + "\n"));
            locked.Position = 0;
            using var reader = new StreamReader(locked);
            return Decode(reader.ReadToEnd().Trim()) ?? throw Malformed(file);
        }
    }

    private static bool TryOpen(string file, FileStreamOptions options, out FileStream? opened)
    {
        opened = null;
        try
        {
            opened = new FileStream(file, options);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static byte[]? Decode(string text)
    {
        var key = new byte[KeySize + 1];
        return Convert.TryFromBase64String(text, key, out var length) && length == KeySize ? key[..KeySize] : null;
    }

    private static StartupException Malformed(string where) => new($"{where} is not a base64 key of {KeySize} bytes.");
}
