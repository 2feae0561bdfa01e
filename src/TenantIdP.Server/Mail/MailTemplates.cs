using System.Text;
using System.Text.RegularExpressions;
using Fluid;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Mail;
using TenantIdP.Server.Theming;

namespace TenantIdP.Server.Mail;

/// <summary>
/// The files of all mails in all languages, read and tried once at start: <c>mail/&lt;template&gt;.&lt;locale&gt;.liquid</c> of the theme, one by one in place of the default's. A file that is wrong, or shows what its mail doesn't have, ends the start with a message; nobody finds it out when a mail is due.
/// </summary>
public sealed partial class MailTemplates
{
    public const string Fallback = "en";

    private const string Folder = "mail";

    private readonly Dictionary<(string Template, string Locale), MailTemplateFile> files = [];

    /// <exception cref="StartupException">A file is missing or wrong; the message names it.</exception>
    public MailTemplates(IWebHostEnvironment environment) : this(new ThemeFolder(environment, null))
    {
    }

    internal MailTemplates(ThemeFolder theme)
    {
        foreach (var found in theme.List(Folder, ".liquid", MailTemplateFile.MaxBytes))
        {
            var name = found.Name;
            if (FileName().Match(found.FileName) is not { Success: true } parts || MailTemplate.Find(parts.Groups["key"].Value) is not { } template) throw new StartupException($"{name} is no mail of this version. Its files are called <template>.<locale>.liquid.");
            var file = MailTemplateFile.Parse(Encoding.UTF8.GetString(found.Content), name);
            Try(file, template, name);
            files[(template.Key, parts.Groups["locale"].Value.ToLowerInvariant())] = file;
        }

        foreach (var template in MailTemplate.All)
        {
            if (!files.ContainsKey((template.Key, Fallback))) throw new StartupException($"themes/{theme.Name}/{Folder}/{template.Key}.{Fallback}.liquid is missing.");
        }
    }

    /// <summary>The file of the nearest language, and which that is: <c>de-CH</c>, then <c>de</c>, then English.</summary>
    public (MailTemplateFile File, string Locale) Find(string template, string? locale)
    {
        var tag = locale?.ToLowerInvariant().Replace('_', '-');
        while (tag is { Length: > 0 })
        {
            if (files.TryGetValue((template, tag), out var found)) return (found, tag);
            tag = tag.LastIndexOf('-') is > 0 and var at ? tag[..at] : null;
        }

        return (files[(template, Fallback)], Fallback);
    }

    /// <summary>With everything given, and with every text empty: both branches of an <c>if</c>.</summary>
    private static void Try(MailTemplateFile file, MailTemplate template, string name)
    {
        var names = MailTemplate.Common.Concat(template.Values).Concat(template.Links).ToList();
        try
        {
            foreach (var sample in (string[])["x", ""])
            {
                var mail = file.Render(names.ToDictionary(n => n, _ => sample));
                if (sample.Length > 0 && (mail.Subject.Length == 0 || mail.Text.Trim().Length == 0 || mail.Html.Length == 0)) throw new StartupException($"{name}: subject, text or HTML is empty.");
            }
        }
        catch (FluidException wrong)
        {
            throw new StartupException($"{name}: {wrong.Message}. It can show {string.Join(", ", names)}.", wrong);
        }
        catch (InvalidOperationException wrong)
        {
            throw new StartupException($"{name}: {wrong.Message}", wrong); // of its limits
        }
    }

    [GeneratedRegex("^(?<key>[a-z_]+)[.](?<locale>[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)[.]liquid$")]
    private static partial Regex FileName();
}
