using System.Text.Encodings.Web;
using Fluid;
using TenantIdP.Core.Instance;

namespace TenantIdP.Server.Mail;

/// <summary>What a template yields.</summary>
/// <param name="Html">A fragment; <see cref="MailLayout"/> puts it into a document.</param>
public sealed record RenderedMail(string Subject, string Text, string Html);

/// <summary>
/// One file of a mail: <c>Subject: …</c>, then the parts <c>--- text</c> and <c>--- html</c>, each in Liquid. What runs is bounded before it is parsed: the only tags are <c>if</c>,
/// <c>elsif</c>, <c>else</c>, <c>unless</c> and their ends, no filter exists (none can switch the encoding off), and neither tags nor their lengths can grow so that a parser
/// or a renderer could be led deep (SECURITY.md 0.5).
/// </summary>
public sealed class MailTemplateFile
{
    public const int MaxBytes = 32 * 1024;

    private const int MaxTags = 200;
    private const int MaxTagLength = 200;
    private const int MaxRendered = 256 * 1024;
    private const int MaxSubject = 200;
    private const string SubjectMark = "Subject:";

    private static readonly string[] Tags = ["if", "elsif", "else", "endif", "unless", "endunless"];
    private static readonly FluidParser Parser = new();

    private static readonly TemplateOptions Options = new() { MaxSteps = 2_000, MaxRecursion = 8, StrictVariables = true, StrictFilters = true };

    private readonly IFluidTemplate subject;
    private readonly IFluidTemplate text;
    private readonly IFluidTemplate html;

    static MailTemplateFile()
    {
        Options.Filters.Clear();
        Options.MemberAccessStrategy = new DefaultMemberAccessStrategy();
    }

    private MailTemplateFile(IFluidTemplate subject, IFluidTemplate text, IFluidTemplate html) => (this.subject, this.text, this.html) = (subject, text, html);

    /// <param name="name">For the message: where the file is.</param>
    /// <exception cref="StartupException">It is not a mail template; the message says why.</exception>
    public static MailTemplateFile Parse(string content, string name)
    {
        var all = content.ReplaceLineEndings("\n").TrimStart('\uFEFF');
        var (head, textAt, htmlAt) = (all.IndexOf('\n', StringComparison.Ordinal), all.IndexOf("\n--- text\n", StringComparison.Ordinal), all.IndexOf("\n--- html\n", StringComparison.Ordinal));
        if (head < 0 || !all.StartsWith(SubjectMark, StringComparison.Ordinal) || textAt < 0 || htmlAt < textAt)
            throw new StartupException($"{name}: a mail template is a line 'Subject: …', then a line '--- text' with the text, then a line '--- html' with the fragment of HTML.");
        Check(all, name);
        return new MailTemplateFile(
            Part(all[SubjectMark.Length..head], name), Part(all[(textAt + "\n--- text\n".Length)..htmlAt], name), Part(all[(htmlAt + "\n--- html\n".Length)..], name));
    }

    /// <exception cref="FluidException">It shows something that is not in the model.</exception>
    public RenderedMail Render(IReadOnlyDictionary<string, string> model) => new(
        OneLine(Render(subject, model, NullEncoder.Default)), Render(text, model, NullEncoder.Default).Trim() + "\n", Render(html, model, HtmlEncoder.Default).Trim());

    private static string Render(IFluidTemplate template, IReadOnlyDictionary<string, string> model, TextEncoder encoder)
    {
        var context = new TemplateContext(Options);
        foreach (var (name, value) in model)
        {
            // An empty text is true in Liquid; as an absent one it is false, and "if" does what its author means.
            context.SetValue(name, value.Length == 0 ? Fluid.Values.BooleanValue.False : new Fluid.Values.StringValue(value));
        }

        var rendered = template.Render(context, encoder, isolateContext: true);
        return rendered.Length <= MaxRendered ? rendered : throw new FluidException($"The mail is longer than {MaxRendered} characters.");
    }

    private static IFluidTemplate Part(string source, string name) =>
        Parser.TryParse(source, out var template, out var error) ? template : throw new StartupException($"{name}: {error}");

    /// <summary>A subject is one line of a header (SECURITY.md F3), whatever is in the values.</summary>
    private static string OneLine(string subject)
    {
        var clean = string.Join(' ', new string([.. subject.Select(c => char.IsControl(c) ? ' ' : c)]).Split(' ', StringSplitOptions.RemoveEmptyEntries));
        if (clean.Length <= MaxSubject) return clean;
        return clean[..(char.IsHighSurrogate(clean[MaxSubject - 1]) ? MaxSubject - 1 : MaxSubject)];
    }

    private static void Check(string source, string name)
    {
        var tags = 0;
        for (var at = source.IndexOf('{', StringComparison.Ordinal); at >= 0 && at + 1 < source.Length; at = source.IndexOf('{', at))
        {
            var kind = source[at + 1];
            if (kind is not ('{' or '%'))
            {
                at++;
                continue;
            }

            var end = source.IndexOf(kind == '{' ? "}}" : "%}", at + 2, StringComparison.Ordinal);
            if (end < 0 || end - at > MaxTagLength) throw new StartupException($"{name}: a tag has no end within {MaxTagLength} characters.");
            // A text with an end of a tag in it would hide what comes after from this look, but not from the parser.
            if (source[at..end].Count(c => c is '"' or '\'') % 2 != 0) throw new StartupException($"{name}: a text in a tag has no end, or has braces in it.");
            if (++tags > MaxTags) throw new StartupException($"{name} has more than {MaxTags} tags.");
            var inside = source[(at + 2)..end].Trim(' ', '-', '\n', '\t');
            if (kind == '%' && !Tags.Contains(inside.Split(' ')[0], StringComparer.Ordinal)) throw new StartupException($"{name}: a mail has no other tags than {string.Join(", ", Tags)}.");
            at = end + 2;
            if (at >= source.Length) return;
        }
    }
}
