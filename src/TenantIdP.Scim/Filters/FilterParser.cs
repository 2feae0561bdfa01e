using TenantIdP.Scim.Names;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;

namespace TenantIdP.Scim.Filters;

/// <summary>
/// Reads filters by recursive descent: <c>not</c> binds closer than <c>and</c>, <c>and</c> closer than <c>or</c> (RFC 7644 3.4.2.2). Depth, length and terms are capped
/// (<see cref="ScimLimits"/>), and each character is looked at a bounded number of times.
/// </summary>
public static class FilterParser
{
    /// <summary>A whole filter; what is not one is <c>invalidFilter</c>, with the position.</summary>
    public static ScimResult<ScimFilter> Parse(string text, ScimResourceType type)
    {
        if (text.Length > ScimLimits.MaxFilterLength) return ScimErrors.InvalidFilter(ScimLimits.MaxFilterLength + 1, $"A filter has at most {ScimLimits.MaxFilterLength} characters.");
        var reading = new FilterReading(text, 0, type, parent: null);
        return reading.Any(1) is { } filter && reading.ExpectEnd() ? filter : reading.Error!; // what fails says why
    }

    /// <summary>The filter between brackets of a path.</summary>
    /// <param name="start">After the bracket that opens it.</param>
    /// <returns>The filter, and the position after the bracket that closes it.</returns>
    internal static ScimResult<(ScimFilter Filter, int End)> ParseValueFilter(string text, int start, ScimAttribute parent)
    {
        var reading = new FilterReading(text, start, type: null, parent);
        return reading.Any(1) is { } filter && reading.ExpectBracket() ? (filter, reading.Position) : reading.Error!; // as above
    }
}

/// <summary>One run of the parser. A method that returns null has set <see cref="Error"/>.</summary>
internal ref struct FilterReading(string text, int start, ScimResourceType? type, ScimAttribute? parent)
{
    private FilterScanner scanner = new(text, start);
    private int terms;

    public ScimError? Error { get; private set; }

    public readonly int Position => scanner.Position;

    /// <summary>FILTER = term *("or" term).</summary>
    public ScimFilter? Any(int depth)
    {
        List<ScimFilter>? more = null;
        var first = All(depth);
        while (first is not null && NextIs("or"))
        {
            if (All(depth) is not { } next) return null;
            (more ??= [first]).Add(next);
        }

        return more is null ? first : OrFilter.Of(more);
    }

    public bool ExpectEnd()
    {
        scanner.Blanks();
        return scanner.AtEnd || Fail("Here should be and, or, or the end.") is not null;
    }

    public bool ExpectBracket()
    {
        scanner.Blanks();
        return scanner.Take(']') || Fail("A ] is missing.") is not null;
    }

    private ScimFilter? All(int depth)
    {
        List<ScimFilter>? more = null;
        var first = Term(depth);
        while (first is not null && NextIs("and"))
        {
            if (Term(depth) is not { } next) return null;
            (more ??= [first]).Add(next);
        }

        return more is null ? first : AndFilter.Of(more);
    }

    /// <summary>A word between two terms has a blank, or a parenthesis or bracket, on both sides.</summary>
    private bool NextIs(string word)
    {
        var before = scanner;
        scanner.Blanks();
        if (scanner.Take(word) && (scanner.Current is '(' || scanner.Blanks())) return true;
        scanner = before;
        return false;
    }

    private ScimFilter? Term(int depth)
    {
        scanner.Blanks();
        if (scanner.Current == '(') return Group(depth);
        var before = scanner;
        if (scanner.Take("not"))
        {
            scanner.Blanks();
            if (scanner.Current == '(') return Group(depth) is { } inner ? new NotFilter(inner) : null;
            scanner = before;
        }

        var start = scanner.Position;
        if (!CountTerm() || Name(start) is not { } path) return null;
        return scanner.Take('[') ? ValuePath(path, start, depth) : Comparison(path, start);
    }

    private ScimFilter? Group(int depth)
    {
        if (depth >= ScimLimits.MaxDepth) return Fail($"More than {ScimLimits.MaxDepth} levels.");
        scanner.Take('(');
        if (Any(depth + 1) is not { } inner) return null;
        scanner.Blanks();
        return scanner.Take(')') ? inner : Fail("A ) is missing.");
    }

    private AttributePath? Name(int start)
    {
        var name = scanner.Word();
        if (name.IsEmpty) return Fail<AttributePath>(start, scanner.AtEnd ? "A comparison is missing." : "Here should be the name of an attribute.");
        AttributePath? path;
        var found = parent is not null ? NameResolver.TryResolve(parent, name, out path) : NameResolver.TryResolve(type!, name, out path); // one of them is given
        if (!found) return Fail<AttributePath>(start, $"{(parent ?? type!.Root).Name} has no attribute {ScimErrors.Quote(name)}.");
        return path!.IsSecret ? Fail<AttributePath>(start, $"{path} can't be searched for.") : path; // found
    }

    /// <summary>valuePath = attrPath "[" FILTER "]".</summary>
    private ScimFilter? ValuePath(AttributePath path, int start, int depth)
    {
        if (parent is not null) return Fail(start, "Brackets inside brackets are not allowed.");
        if (!path.Leaf.IsComplex || path.Attribute.IsExtension) return Fail(start, $"{path} has no values with sub-attributes to select from.");
        if (depth >= ScimLimits.MaxDepth) return Fail(start, $"More than {ScimLimits.MaxDepth} levels.");
        var within = new FilterReading(text, scanner.Position, null, path.Leaf) { terms = terms };
        var filter = within.Any(depth + 1) is { } inner && within.ExpectBracket() ? within.AndBehind(inner) : null;
        scanner = within.scanner;
        terms = within.terms;
        Error = within.Error;
        return filter is null ? null : new ValuePathFilter(path, filter);
    }

    /// <summary>What Entra writes behind brackets, <c>emails[type eq "work"].value eq "x"</c>, is one more term about the same value.</summary>
    private ScimFilter? AndBehind(ScimFilter inner)
    {
        if (!scanner.Take('.')) return inner;
        var start = scanner.Position;
        return CountTerm() && Name(start) is { } path && Comparison(path, start) is { } behind ? AndFilter.Of([inner, behind]) : null;
    }

    private bool CountTerm() => ++terms <= ScimLimits.MaxFilterTerms || Fail($"A filter has at most {ScimLimits.MaxFilterTerms} comparisons.") is not null;

    private ScimFilter? Comparison(AttributePath path, int start)
    {
        if (!scanner.Blanks()) return Fail($"After {ScimErrors.Quote(path.ToString())} comes a blank and an operator.");
        var at = scanner.Position;
        var word = scanner.Word();
        if (word.Equals("pr", StringComparison.OrdinalIgnoreCase)) return new PresentFilter(path);
        if (!CompareOperators.TryRead(word, out var op)) return Fail(at, $"{ScimErrors.Quote(word)} is not an operator (eq, ne, co, sw, ew, gt, ge, lt, le, pr).");
        if (!scanner.Blanks()) return Fail("After an operator comes a blank and a value.");
        if (path.Leaf.IsComplex)
        {
            // "emails co x" and "manager eq x" mean the value (RFC 7643 2.4).
            if (path.Leaf.ValueAttribute is not { } value || path.SubAttribute is not null) return Fail(start, $"{path} is complex: name one of its sub-attributes.");
            path = path with { SubAttribute = value };
        }

        var valueAt = scanner.Position;
        if (scanner.Value(out var given) is { } wrong) return Fail(valueAt, wrong);
        return Typed(path, op, given, at, valueAt);
    }

    private ScimFilter? Typed(AttributePath path, CompareOperator op, ScimValue? given, int at, int valueAt)
    {
        var type = path.Leaf.Type;
        if (!CompareOperators.Suits(op, type)) return Fail(at, $"{CompareOperators.Word(op)} can't be asked of {path}, which is a {type}.");
        if (given is null) return CompareOperators.IsEquality(op) ? new CompareFilter(path, op, null) : Fail(valueAt, "null goes with eq and ne only.");
        ScimValue? value = type switch
        {
            AttributeType.String or AttributeType.Reference or AttributeType.Binary => given as TextValue,
            AttributeType.Integer or AttributeType.Decimal => given as NumberValue,
            // Entra asks for primary eq "True".
            AttributeType.Boolean => given is TextValue text && bool.TryParse(text.Text, out var said) ? BooleanValue.Of(said) : given as BooleanValue,
            AttributeType.DateTime => given is TextValue time && ScimDateTime.TryParse(time.Text, out var when) ? new DateTimeValue(when) : null,
            AttributeType.Complex => null,
        };
        return value is null ? Fail(valueAt, $"{path} is a {type}; this is none.") : new CompareFilter(path, op, value);
    }

    private ScimFilter? Fail(string why) => Fail(scanner.Position, why);

    private ScimFilter? Fail(int at, string why) => Fail<ScimFilter>(at, why);

    private T? Fail<T>(int at, string why) where T : class
    {
        Error ??= ScimErrors.InvalidFilter(at + 1, why);
        return null;
    }
}
